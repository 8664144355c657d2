/* docs/labels.md, made from the rows that labels are read with. Called by settings_documents. */

#include "config/labels.h"
#include "document.h"
#include "label_rows.h"

static const char head[] =
    "# Service labels\n"
    "\n"
    "This page is made from the tables that the program reads labels with (`make docs`); a test\n"
    "fails when it is stale.\n"
    "\n"
    "A service maps itself by labels of its own (in a stack file under `deploy`, not those of its\n"
    "containers):\n"
    "\n"
    "```yaml\n"
    "services:\n"
    "  web:\n"
    "    image: portal\n"
    "    networks: [edge]\n"
    "    deploy:\n"
    "      labels:\n"
    "        swarmward.enable: \"true\"\n"
    "        swarmward.domain: portal.clinic.example\n"
    "        swarmward.port: \"8080\"\n"
    "        swarmward.health.path: /healthz\n"
    "        swarmward.routes.fhir.path: /fhir\n"
    "        swarmward.routes.fhir.port: \"9090\"\n"
    "        swarmward.routes.fhir.max_body: 512MiB\n"
    "```\n"
    "\n"
    "- **Opt-in.** Without `enable`, or with `enable: \"false\"`, nothing is read, and the "
    "service\n"
    "  costs nothing. Any other value than `true` is a wrong label.\n"
    "- **Ownership.** `policy.owners` of the mapping file says which stack may claim which "
    "domain;\n"
    "  by default none may. Certificates come from the mapping file, too: a domain that none of\n"
    "  them covers is not served.\n"
    "- **Precedence.** Built-in default, then `defaults` of the file, then the label, then what "
    "the\n"
    "  file says of the domain or the service.\n"
    "- **Conflict.** Of two claims to the same domain, path and priority the file's wins; between\n"
    "  labels that of the older service.\n"
    "- **Quarantine.** A service with a wrong label (unknown name, wrong value, a domain that it "
    "may\n"
    "  not have, a `network` or no `port` that leads nowhere where the labels of before led to it) "
    "is\n"
    "  quarantined alone: its labels of before go on being served, with the tasks of now, also "
    "after\n"
    "  a restart (see `docker.snapshot`). A service that never had good labels has no route. "
    "`swarmward\n"
    "  status` and the log say why. With `docker.label_policy: lenient` an unknown name is only a\n"
    "  warning.\n"
    "- **No secrets.** Whoever may inspect services reads labels.\n"
    "- TLS, certificates, client authentication, access lists, header policy and limits are the\n"
    "  operator's: they are written in the file only.\n"
    "- Values are written as in the file: durations `500ms`, `2s`, `5m`, `1h`; sizes `64MiB`;\n"
    "  booleans exactly `true` or `false`. At most 256 labels with the prefix, 4096 bytes each, "
    "64\n"
    "  domains, 31 routes beside the first.\n";

void labels_write_reference(struct buffer *out)
{
    buffer_append_text(out, text_of(head));
    buffer_append_text(out, TEXT("\n## swarmward.*\n"));
    document_print_table(&label_flat_rows, "", out);
    buffer_append_text(
        out, TEXT("\n## swarmward.routes.NAME.*\n\nMore routes of the same service. What one does "
                  "not say is as in the labels above; NAME is only a\nname.\n"));
    document_print_table(&label_route_rows, "", out);
    buffer_append_text(out, TEXT("\n## Both\n\nThese may stand behind `swarmward.` and behind "
                                 "`swarmward.routes.NAME.`; the defaults are those of the "
                                 "file.\n"));
    document_print_table(&service_fields, "", out);
    document_print_table(&route_fields, "", out);
    buffer_append_text(out, TEXT("\n## Not available yet\n\n| label | what is the case now "
                                 "|\n|---|---|\n"));
    document_print_later(&label_flat_rows, "", out);
    document_print_later(&label_route_rows, "routes.NAME", out);
}
