// Between the files of the Twilio face.
#ifndef SIM_TWILIO_H
#define SIM_TWILIO_H

#include "sim.h"

#define SIM_TWILIO_VERSION "/2010-04-01"

void sim_twilio_fail(unsigned status, int code, const char *message, struct sim_reply *reply);

// sim_twilio_call: a call as the API shows it; a new reference.
json_t *sim_twilio_call(const struct sim_call *call);

// sim_twilio_list: GET .../Calls.json; in twilio_list.c.
void sim_twilio_list(struct sim *sim, const struct sim_request *request, const char *account,
                     struct rf_utc now, struct sim_reply *reply);

#endif
