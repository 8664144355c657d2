/*
 * settings_documents reference|example|labels: prints docs/configuration.md, conf/swarmward.yaml or
 * docs/labels.md. Run by `make docs`; not installed.
 */

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "config/labels.h"

int main(int argc, char **argv)
{
    struct text which = text_of(argc == 2 ? argv[1] : "");
    struct buffer out = { 0 };
    struct text written;
    int status;

    if (text_equal(which, TEXT("reference")))
        settings_write_reference(&out);
    else if (text_equal(which, TEXT("example")))
        settings_write_example(&out);
    else if (text_equal(which, TEXT("labels")))
        labels_write_reference(&out);
    else {
        fprintf(stderr, "usage: settings_documents reference|example|labels\n");
        return 2;
    }
    written = buffer_text(&out);
    status = file_write_all(STDOUT_FILENO, written.at, written.len);
    buffer_done(&out);
    return status < 0;
}
