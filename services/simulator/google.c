// Google's token endpoint for service accounts, POST /google/token (providers.md, section 6). Keys
// put for "google" are the client_emails that are accepted.

#include <string.h>

#include "http/form.h"
#include "sim.h"

#define GRANT "urn:ietf:params:oauth:grant-type:jwt-bearer"

static void refuse_grant(unsigned status, const char *code, const char *description,
                         struct sim_reply *reply) {
    sim_reply_json(reply, status,
                   json_pack("{s:s, s:s}", "error", code, "error_description", description));
}

static void fail(struct sim *sim, unsigned status, struct sim_reply *reply) {
    (void)sim;
    refuse_grant(status,
                 status >= 500   ? "internal_failure"
                 : status == 429 ? "rate_limit_exceeded"
                                 : "invalid_grant",
                 "simulated failure", reply);
}

static void grant(struct sim *sim, const struct sim_request *request, const struct rf_form *form,
                  struct rf_utc now, struct sim_reply *reply) {
    const char *host = sim_request_header(request, "host");
    const char *type = rf_form_get(form, "grant_type");
    const char *assertion = rf_form_get(form, "assertion");
    const struct sim_token *token;
    struct rf_error error;
    if (type == NULL || strcmp(type, GRANT) != 0) {
        refuse_grant(400, "unsupported_grant_type", "Invalid grant_type", reply);
        return;
    }
    if (assertion == NULL) {
        refuse_grant(400, "invalid_request", "Missing required parameter: assertion", reply);
        return;
    }
    if (sim->options.account == NULL ||
        !sim_keys_accept(&sim->keys, "google", sim_account_email(sim->options.account))) {
        refuse_grant(400, "invalid_grant", "Invalid grant: account not found", reply);
        return;
    }
    if (sim_tokens_grant(&sim->tokens, sim->options.account, assertion, host == NULL ? "" : host,
                         sim->options.seed, now, &token, &error) != RF_OK) {
        refuse_grant(400, "invalid_grant", error.message, reply);
        return;
    }
    sim_reply_json(reply, 200,
                   json_pack("{s:s, s:i, s:s}", "access_token", token->text, "expires_in",
                             SIM_TOKEN_LIFE_S - 1, "token_type", "Bearer"));
}

static void handle(struct sim *sim, const struct sim_request *request, const char *path,
                   struct rf_utc now, struct sim_reply *reply) {
    struct rf_form form;
    if (strcmp(path, "/token") != 0 || !sim_request_is(request, "POST")) {
        refuse_grant(404, "not_found", "POST /google/token", reply);
    } else if (sim_request_form(request, &form) != RF_OK) {
        fail(sim, 500, reply);
    } else {
        grant(sim, request, &form, now, reply);
        rf_form_fini(&form);
    }
}

const struct sim_face sim_google = {"google", handle, NULL, NULL, fail};
