#include "door.h"

#include <string.h>

#include "base/log.h"
#include "bus/socket.h"
#include "config/config.h"

#define QUESTIONS_PER_PASS 100

// A message on the socket of the questions: its frames, as many as there is room for.
struct question {
    zmq_msg_t frames[RF_ZAP_FRAMES];
    size_t count;
};

static bool receive(struct rf_door *door, struct question *question) {
    question->count =
        rf_socket_receive_frames(door->loop, door->zap, question->frames, RF_ZAP_FRAMES);
    return question->count > 0;
}

static void send_frame(struct rf_door *door, const void *data, size_t size, int flags) {
    (void)!zmq_send(zsock_resolve(door->zap), data, size, flags | ZMQ_DONTWAIT);
}

static void send_text(struct rf_door *door, const char *text, int flags) {
    send_frame(door, text, strlen(text), flags);
}

static void send_answer(struct rf_door *door, const struct rf_bytes *id,
                        const struct rf_zap_answer *answer) {
    send_text(door, RF_ZAP_VERSION, ZMQ_SNDMORE);
    send_frame(door, id->data, id->size, ZMQ_SNDMORE);
    send_text(door, answer->status, ZMQ_SNDMORE);
    send_text(door, answer->text, ZMQ_SNDMORE);
    send_text(door, answer->user, ZMQ_SNDMORE);
    send_text(door, "", 0); // no further properties
}

// Only libzmq itself asks here, in this process: it is one question, one answer, always.
static void answer(struct rf_door *door, struct question *question) {
    struct rf_bytes frames[RF_ZAP_FRAMES];
    struct rf_zap_request request;
    for (size_t i = 0; i < question->count; i++)
        frames[i] = (struct rf_bytes){zmq_msg_data(&question->frames[i]),
                                      zmq_msg_size(&question->frames[i])};
    bool understood = rf_zap_parse(frames, question->count, &request);
    struct rf_zap_answer said = {"500", "the question was not understood", ""};
    if (understood)
        said = rf_zap_decide(&request, &door->ring);
    else
        request = (struct rf_zap_request){.id = question->count > 1 ? frames[1] : frames[0]};
    send_answer(door, &request.id, &said);
    if (strcmp(said.status, "200") != 0)
        door->refused(door->arg, &request, &said);
}

static void on_zap(void *arg, zsock_t *socket) {
    (void)socket;
    struct rf_door *door = arg;
    struct question question;
    for (int i = 0; i < QUESTIONS_PER_PASS && receive(door, &question); i++) {
        answer(door, &question);
        for (size_t k = 0; k < question.count; k++)
            zmq_msg_close(&question.frames[k]);
    }
}

static enum rf_err read_list(struct rf_door *door, const char *file, struct rf_error *error) {
    struct rf_known known;
    enum rf_err err = rf_known_read(file, &known, error);
    if (err == RF_ERR_NOT_FOUND || (err == RF_OK && known.count == 0)) {
        rf_log(RF_LOG_WARNING, "%s: no key is known, so nobody is let in: ringfence keys allow",
               file);
        err = RF_OK;
    }
    if (err == RF_OK)
        err = rf_keyring_take(&door->ring, &known, error);
    else
        rf_error_prefix(error, "broker.known_clients: ");
    rf_known_fini(&known);
    return err;
}

enum rf_err rf_door_open(struct rf_door *door, struct rf_loop *loop, const struct rf_config *config,
                         rf_door_refused_fn *refused, void *arg, struct rf_error *error) {
    enum rf_err err = rf_socket_keys_load(&config->bus, "broker", false, &door->keys, error);
    if (err != RF_OK || !door->keys.curve)
        return err;
    door->loop = loop;
    door->refused = refused;
    door->arg = arg;
    if (read_list(door, config->broker.known_clients, error) != RF_OK)
        return error->code = RF_ERR_CONFIG;
    door->zap = zsock_new(ZMQ_REP);
    if (door->zap == NULL || zsock_bind(door->zap, "%s", RF_ZAP_ENDPOINT) != 0 ||
        rf_loop_socket_add(loop, door->zap, on_zap, door) != RF_OK)
        return rf_error_set(error, RF_ERR_IO, "cannot open %s: %s", RF_ZAP_ENDPOINT,
                            zmq_strerror(zmq_errno()));
    return RF_OK;
}

enum rf_err rf_door_reload(struct rf_door *door, const struct rf_config *config,
                           struct rf_error *error) {
    if (!door->keys.curve)
        return RF_OK;
    enum rf_err err = read_list(door, config->broker.known_clients, error);
    if (err == RF_OK)
        rf_log(RF_LOG_INFO, "%zu keys are let in", door->ring.known);
    return err;
}

const struct rf_principal *rf_door_who(const struct rf_door *door, zmq_msg_t *frame) {
    const char *key = zmq_msg_gets(frame, "User-Id");
    const struct rf_principal *who = key == NULL ? NULL : rf_keyring_find(&door->ring, key);
    return who != NULL ? who : &rf_nobody;
}

void rf_door_close(struct rf_door *door) {
    if (door->zap != NULL)
        rf_loop_socket_remove(door->loop, door->zap);
    zsock_destroy(&door->zap);
    rf_keyring_fini(&door->ring);
    rf_socket_keys_wipe(&door->keys);
}
