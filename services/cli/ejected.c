#include "ejected.h"

#include <inttypes.h>
#include <stdio.h>

#include "events/field.h"
#include "member.h"

static void add_instance(struct rf_text *text, const char *instance) {
    rf_text_add(text, "    ");
    rf_text_add_clean(text, instance, 100);
}

void cli_ejected_text(const json_t *breaker, struct rf_utc now, struct rf_text *text) {
    size_t i;
    json_t *ejected;
    const char *suspect = cli_member_text(breaker, "suspect");
    if (suspect[0] != '\0') {
        add_instance(text, suspect);
        rf_text_add(text, " alone fails: another one's next call decides\n");
    }
    json_array_foreach(json_object_get(breaker, "ejected"), i, ejected) {
        char left[RF_TIME_TEXT_SIZE];
        struct rf_utc until = {cli_member_number(ejected, "until")};
        int64_t times = cli_member_number(ejected, "times");
        add_instance(text, cli_member_text(ejected, "instance"));
        rf_text_add(text, " alone failed, and is kept from it for %s",
                    rf_span_text(rf_utc_since(until, now), left));
        if (times > 1)
            rf_text_add(text, ", %" PRId64 " times in a row", times);
        rf_text_add(text, "\n");
    }
}
