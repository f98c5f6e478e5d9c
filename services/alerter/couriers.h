// The couriers of all channels, as the configuration names them.
#ifndef RF_ALERTER_COURIERS_H
#define RF_ALERTER_COURIERS_H

#include <jansson.h>

#include "channels/channels.h"
#include "courier.h"

struct rf_couriers {
    struct rf_courier_means means;
    struct rf_channels channels;
    struct rf_courier *items[RF_CHANNELS_MOST]; // by slot; NULL: there is no such channel
    struct rf_courier *retired; // their channels were removed; freed when they are not at work
};

// rf_couriers_init: one for each channel of the process's configuration. RF_ERR_NOMEM: to be
// finished all the same.
RF_NODISCARD enum rf_err rf_couriers_init(struct rf_couriers *couriers,
                                          const struct rf_courier_means *means,
                                          struct rf_error *error);

// rf_couriers_load: a delivery as the ledger kept it. Those of channels that are gone are left out:
// rf_couriers_bury. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_couriers_load(struct rf_couriers *couriers, const char *channel,
                                          const struct rf_delivery *delivery,
                                          struct rf_error *error);

// rf_couriers_restore: a rf_ledger_channel_fn, `arg` is the couriers: what was kept of a channel.
void rf_couriers_restore(void *arg, const struct rf_channel_state *state);

// rf_couriers_bury: what waits in the ledger for channels that are gone becomes dead letters, and
// is told. After the start.
void rf_couriers_bury(struct rf_couriers *couriers);

// rf_couriers_add: the alert, which is stored, to those channels in its mask; `names` are those
// that it was stored with, `made` when.
void rf_couriers_add(struct rf_couriers *couriers, const struct rf_alert *alert,
                     const struct rf_channel_names *names, struct rf_utc made);

// rf_couriers_taking: the names of the channels that take notices: they are in the configuration,
// and enabled. A new array; NULL: no memory. rf_couriers_takes: whether this one is among them.
json_t *rf_couriers_taking(const struct rf_couriers *couriers);
bool rf_couriers_takes(const struct rf_couriers *couriers, const char *channel);

// rf_couriers_refuse: RF_ERR_INVALID, and why these channels, an array of {channel}, take nothing.
enum rf_err rf_couriers_refuse(const struct rf_couriers *couriers, const json_t *channels,
                               struct rf_error *error);

// rf_couriers_resend: dead letters that wait again in the ledger since `now`: an array of {alert,
// channel, incident, order, concerns}; the last one is taken out of each.
void rf_couriers_resend(struct rf_couriers *couriers, json_t *resent, struct rf_utc now);

// rf_couriers_kick: looks whether something can be sent; after additions.
void rf_couriers_kick(struct rf_couriers *couriers);

// rf_couriers_reload: channels as `fresh` has them, which takes the configuration's place and
// outlives them. Slots stay. RF_ERR_NOMEM: nothing changed.
RF_NODISCARD enum rf_err rf_couriers_reload(struct rf_couriers *couriers,
                                            const struct rf_config_alerter *fresh,
                                            struct rf_error *error);

// rf_couriers_busy: whether one is at work. rf_couriers_waiting: deliveries that are not made.
bool rf_couriers_busy(const struct rf_couriers *couriers);
size_t rf_couriers_waiting(const struct rf_couriers *couriers);

// rf_couriers_stop: no callbacks from now on. Before the ledger is closed. rf_couriers_fini: frees
// all. After it.
void rf_couriers_stop(struct rf_couriers *couriers);
void rf_couriers_fini(struct rf_couriers *couriers);

#endif
