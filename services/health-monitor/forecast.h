// Whether a provider's credit lasts for what campaigns still need of it. What a contact takes is
// measured: what was used while contacts were served, by how many those were, over the latest day;
// so cached speech, a model's price and calls that are repeated are in it, and so is what others
// use of the same account all the while. A charge that comes once, such as a month's fee, is not,
// once there are 30 contacts to tell it by. Pure: readings, contacts and the time in, decisions
// out.
#ifndef HEALTH_FORECAST_H
#define HEALTH_FORECAST_H

#include <stdint.h>

#include "credit.h"

#define HEALTH_FORECAST_SLOT  rf_seconds(300)
#define HEALTH_FORECAST_SLOTS 288 // a day
#define HEALTH_FORECAST_LEAST 10  // contacts; fewer do not measure what one takes

enum health_forecast_status {
    HEALTH_FORECAST_UNKNOWN,
    HEALTH_FORECAST_ENOUGH,
    HEALTH_FORECAST_SHORT,
};

struct health_forecast_slot {
    int64_t number; // since the clock began
    double used;
    int64_t contacts;   // that were served
    int64_t covered_ns; // between readings
};

// All zero: nothing is known.
struct health_forecast {
    enum health_forecast_status status;
    struct rf_utc since;
    bool read; // `credit` was
    struct health_credit credit;
    struct rf_instant read_at;
    int64_t waiting; // contacts that were served since
    bool measured;   // `each` was, in this life or an earlier one
    double each;     // that a contact takes
    struct health_forecast_slot slots[HEALTH_FORECAST_SLOTS];
};

// What campaigns need.
struct health_need {
    bool known;
    int64_t contacts; // to be served by this provider
};

// What is foreseen.
struct health_outlook {
    int64_t contacts, unserved;
    double needed;
    double used_day;           // of the latest day,
    struct rf_duration within; // or of so much of it as was watched
    struct rf_utc runs_out; // at the pace of the latest minutes, or that of the day while nothing
                            // is used; 0: nothing is used
};

// health_forecast_status_name: "unknown", "enough" or "short". Never NULL.
const char *health_forecast_status_name(enum health_forecast_status status);

// health_forecast_restore: what an earlier life told and measured.
void health_forecast_restore(struct health_forecast *forecast, enum health_forecast_status status,
                             struct rf_utc since, bool measured, double each);

// health_forecast_served: one contact more was served. health_forecast_read: the account was asked.
// What was used in between is known only if it grew: with a reset or more credit nobody can tell.
void health_forecast_served(struct health_forecast *forecast);
void health_forecast_read(struct health_forecast *forecast, const struct health_credit *credit,
                          struct rf_instant now);

// health_forecast_look: what is foreseen now; always filled in, as far as it is known.
void health_forecast_look(const struct health_forecast *forecast, const struct health_need *need,
                          struct rf_instant now, struct rf_utc utc, struct health_outlook *outlook);

// health_forecast_decide: it is short when contacts need more than is there, and all is not there
// again before it runs out; enough again when a tenth more than the need is there, when the reset
// comes before nine tenths of the time are over, or when nobody needs any. Nothing changes while
// the credit, the need, or what a contact takes is not known. True when the status is another than
// `from` (was before).
bool health_forecast_decide(struct health_forecast *forecast, const struct health_need *need,
                            const struct health_outlook *outlook, struct rf_utc utc,
                            enum health_forecast_status *from);

#endif
