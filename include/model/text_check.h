#ifndef SWARMWARD_MODEL_TEXT_CHECK_H
#define SWARMWARD_MODEL_TEXT_CHECK_H

#include "base/err.h"
#include "base/text.h"

/* What the texts of some rows must look like (`check` of a field). -1: `err` says how to write it.
 */

int text_check_token(struct text value, struct err *err);      /* RFC 9110 section 5.6.2 */
int text_check_target(struct text value, struct err *err);     /* "/path" or "/path?query" */
int text_check_file(struct text value, struct err *err);       /* a path, no folder */
int text_check_log_output(struct text value, struct err *err); /* stdout, off, or a path */
int text_check_group(struct text value, struct err *err);      /* of a key exchange */
int text_check_prefix(struct text value, struct err *err);     /* 10.0.0.0/24 */
int text_check_redirect(struct text value, struct err *err);   /* "/path", "https://host/path" */
int text_check_name(struct text value, struct err *err);       /* letters, digits, then also _.- */
int text_check_field_value(struct text value, struct err *err);
/* A field that may be set, removed or copied by hand: none that frames, routes or vouches. */
int text_check_edited_field(struct text value, struct err *err);
int text_check_error_status(struct text value, struct err *err); /* 400-599 */
int text_check_encoding(struct text value, struct err *err);     /* br, gzip */
int text_check_media_type(struct text value, struct err *err);   /* "text/html" */

#endif
