// Members of JSON maps that others sent.
#ifndef CLI_MEMBER_H
#define CLI_MEMBER_H

#include <jansson.h>
#include <stdint.h>

// cli_member_text: the text under `name`; "" if it is none, or `object` no map.
const char *cli_member_text(const json_t *object, const char *name);

// cli_member_number: the whole number under `name`; 0 if it is none.
int64_t cli_member_number(const json_t *object, const char *name);

#endif
