#include "force.h"

#include <string.h>

#include "events/field.h"
#include "member.h"

bool cli_force_is(const json_t *breaker) {
    const char *force = cli_member_text(breaker, "force");
    return force[0] != '\0' && strcmp(force, "none") != 0;
}

void cli_force_text(const json_t *breaker, struct rf_text *text) {
    char until[RF_TIME_TEXT_SIZE];
    int64_t end = cli_member_number(breaker, "force_until");
    const char *force = cli_member_text(breaker, "force");
    if (!cli_force_is(breaker))
        return;
    rf_text_add(text, strcmp(force, "disabled") == 0 ? "" : "forced ");
    rf_text_add_clean(text, force, 16);
    rf_text_add(text, " by ");
    rf_text_add_clean(text, cli_member_text(breaker, "force_who"), 64);
    if (end > 0)
        rf_text_add(text, " until %s", rf_time_text((struct rf_utc){end}, until));
    else
        rf_text_add(text, " until it is reset");
    rf_text_add(text, ": ");
    rf_text_add_clean(text, cli_member_text(breaker, "force_why"), 256);
}
