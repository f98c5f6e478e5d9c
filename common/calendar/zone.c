#include "calendar/zone.h"

#include <glib.h>
#include <stdlib.h>

// A GTimeZone is counted by references and never changes.
struct rf_zone {
    GTimeZone *zone;
};

enum rf_err rf_zone_new(const char *name, struct rf_zone **out, struct rf_error *error) {
    *out = NULL;
    // GLib also takes "EST5EDT4,M3.2.0,M11.1.0" and "+02:00" for names. A contact's zone is that of
    // a place, or a slip of the pen becomes a zone.
    enum rf_err err = rf_zone_look(name, error);
    if (err != RF_OK)
        return err;
    GTimeZone *found = g_time_zone_new_identifier(name);
    if (found == NULL) // it is there: it will be read another time
        return rf_error_set(error, RF_ERR_IO, "the time zone %s in %s cannot be read", name,
                            rf_zone_folder());
    struct rf_zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL) {
        g_time_zone_unref(found);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    zone->zone = found;
    *out = zone;
    return RF_OK;
}

void rf_zone_destroy(struct rf_zone **zone) {
    if (*zone == NULL)
        return;
    g_time_zone_unref((*zone)->zone);
    free(*zone);
    *zone = NULL;
}

static int interval_at(const struct rf_zone *zone, int64_t at_s) {
    return g_time_zone_find_interval(zone->zone, G_TIME_TYPE_UNIVERSAL, at_s);
}

struct rf_zone_span rf_zone_span(const struct rf_zone *zone, int64_t at_s, int64_t horizon_s) {
    int interval = interval_at(zone, at_s);
    struct rf_zone_span span = {.offset_s = g_time_zone_get_offset(zone->zone, interval),
                                .end_s = horizon_s};
    if (interval_at(zone, horizon_s) == interval)
        return span;
    // GLib does not tell where an interval ends, but they are numbered in their order.
    int64_t within = at_s;
    while (span.end_s - within > 1) {
        int64_t middle = within + (span.end_s - within) / 2;
        if (interval_at(zone, middle) == interval)
            within = middle;
        else
            span.end_s = middle;
    }
    return span;
}
