/* metrics_document: prints docs/metrics.md. Run by `make docs`; not installed. */

#include <unistd.h>

#include "base/file.h"
#include "metrics.h"

int main(void)
{
    struct buffer out = { 0 };
    struct text written;
    int status;

    metrics_write_reference(&out);
    written = buffer_text(&out);
    status = file_write_all(STDOUT_FILENO, written.at, written.len);
    buffer_done(&out);
    return status < 0;
}
