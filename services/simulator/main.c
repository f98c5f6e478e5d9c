// The simulator: the providers' HTTP faces on this machine, with a ledger of what they received and
// faults by request. To be read in this order:
//
//   serve.c    from an HTTP exchange to the core and back
//   sim.c      face > fault > key > the face's work > ledger
//   elevenlabs.c openai.c anthropic.c twilio.c twilio_list.c telegram.c sheets.c google.c webhook.c
//              one face each; admin.c is the simulator's own
//   calls.c    the life of a telephone call; media.c fetches what it plays
//   callbacks.c callback_take.c tell.c   what is told of it, and to whom
//   faults.c   what goes wrong, when asked to
//   speech.c script.c   what is synthesised and written
//   grid.c range.c tokens.c account.c   sheets and their access

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "config/config.h"
#include "simulator.h"

static enum rf_err open_account(struct simulator *simulator, const struct rf_config *config,
                                struct rf_error *error) {
    char folder[4096], path[4200], token_uri[128];
    snprintf(folder, sizeof folder, "%s/simulator", config->state_dir);
    snprintf(path, sizeof path, "%s/service-account.json", folder);
    snprintf(token_uri, sizeof token_uri, "http://127.0.0.1:%u/google/token",
             rf_http_server_port(simulator->plain));
    enum rf_err result = rf_folder_make(folder, 0700, error);
    if (result != RF_OK)
        return result;
    return sim_account_open(path, token_uri, &simulator->account, error);
}

static void init_core(struct simulator *simulator, const struct rf_config *config) {
    const struct rf_config_simulator *from = &config->simulator;
    struct sim_options options = {
        .calls = {.cps = from->cps,
                  .ring = from->ring,
                  .talk = from->talk,
                  .fetch_media = from->fetch_media,
                  .seed = (uint64_t)from->seed},
        .list_lag = from->list_lag,
        .latency = from->latency,
        .seed = (uint64_t)from->seed,
    };
    sim_init(&simulator->sim, &options);
}

static enum rf_err start(struct rf_process *process, struct rf_error *error) {
    struct simulator *simulator = calloc(1, sizeof *simulator);
    if (simulator == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    process->state = simulator;
    simulator->process = process;
    simulator->loop = process->loop;
    rf_timer_init(&simulator->calls_timer, process->loop, simulator_on_calls_timer, simulator);
    init_core(simulator, process->config);
    enum rf_err result = rf_http_new(process->loop, &simulator->http, error);
    if (result == RF_OK)
        result = simulator_open_servers(simulator, process->config, error);
    if (result == RF_OK)
        result = open_account(simulator, process->config, error);
    if (result != RF_OK)
        return result;
    simulator->sim.options.account = simulator->account;
    if (simulator->tls == NULL)
        rf_process_ready(process, "http port %u", rf_http_server_port(simulator->plain));
    else
        rf_process_ready(process, "http port %u, https port %u",
                         rf_http_server_port(simulator->plain),
                         rf_http_server_port(simulator->tls));
    return RF_OK;
}

static void stop(struct rf_process *process) {
    struct simulator *simulator = process->state;
    if (simulator == NULL)
        return;
    rf_http_server_destroy(&simulator->plain);
    rf_http_server_destroy(&simulator->tls);
    rf_http_destroy(&simulator->http);
    simulator_end_fetches(simulator);
    simulator_end_tellings(simulator);
    rf_timer_stop(&simulator->calls_timer);
    sim_fini(&simulator->sim);
    sim_account_destroy(&simulator->account);
    free(simulator);
    process->state = NULL;
}

static const struct rf_service service = {
    .name = "simulator",
    .summary = "Stands in for the providers: speech, scripts, telephony, chat, sheets, webhook.",
    .details =
        "One port, one path prefix a provider: /elevenlabs /openai /anthropic /twilio /telegram\n"
        "/sheets /google /webhook. GET /admin/ledger tells what was received; PUT /admin/faults "
        "and\n"
        "PUT /admin/keys say what is to go wrong. See ringfence-simulator(8).",
    .uses_bus = false,
    .start = start,
    .stop = stop,
};

int main(int argc, char **argv) {
    return rf_service_run(&service, argc, argv);
}
