// calling_table ZONE FROM_S UNTIL_S HOLIDAYS|- WINDOW...: what holds at each quarter of an hour,
// one line each: why it is open or shut, and until which second (or "never").
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar/calling.h"

#define QUARTER_S 900

static void fail(const struct rf_error *error) {
    fprintf(stderr, "calling_table: %s\n", error->message);
    exit(1);
}

int main(int argc, char **argv) {
    struct rf_error error = {0};
    struct rf_hours windows[16];
    struct rf_zone *zone;
    struct rf_holidays *holidays = NULL;
    if (argc < 5 || argc - 5 > 16)
        return 2;
    if (rf_zone_new(argv[1], &zone, &error) != RF_OK)
        fail(&error);
    if (strcmp(argv[4], "-") != 0 && rf_holidays_read(argv[4], &holidays, &error) != RF_OK)
        fail(&error);
    for (int i = 5; i < argc; i++)
        if (rf_hours_parse(argv[i], &windows[i - 5], &error) != RF_OK)
            fail(&error);
    const struct rf_calling calling = {
        .zone = zone, .windows = {windows, (size_t)(argc - 5)}, .holidays = holidays};
    for (int64_t at = strtoll(argv[2], NULL, 10); at < strtoll(argv[3], NULL, 10);
         at += QUARTER_S) {
        struct rf_calling_answer answer =
            rf_calling_at(&calling, (struct rf_utc){at * RF_NS_PER_S});
        if (answer.until.ns == INT64_MAX)
            printf("%s never\n", rf_calling_why_name(answer.why));
        else
            printf("%s %" PRId64 "\n", rf_calling_why_name(answer.why),
                   answer.until.ns / RF_NS_PER_S);
    }
    rf_holidays_destroy(&holidays);
    rf_zone_destroy(&zone);
    return 0;
}
