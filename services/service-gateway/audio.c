// Speech is answered when its audio is on the disk: until then the call keeps its place.
#include "base/digest.h"
#include "internal.h"
#include "note.h"

void audio_keep(struct core *core, struct call *call, const struct provider_result *result) {
    struct rf_error error;
    char sha256[RF_SHA256_HEX_SIZE];
    rf_sha256_hex(result->audio, result->audio_size, sha256);
    call->stored =
        json_pack("{s:s, s:I, s:s, s:s}", "audio", sha256, "size", (json_int_t)result->audio_size,
                  "format", result->format, "provider", rf_provider_name(provider_now(call)));
    if (call->stored == NULL) {
        answer_local(core, call, "store_failed", "out of memory");
        return;
    }
    call->state = CALL_STORING;
    timed_add(core, call, call->deadline);
    if (core->effects->store(core->arg, call, sha256, result->format, result->audio,
                             result->audio_size, &error) != RF_OK)
        answer_local(core, call, "store_failed", error.message);
}

void core_stored(struct core *core, struct call *call, enum rf_err result,
                 const struct rf_error *error, struct moment at) {
    if (result == RF_OK) {
        call_note(call, at, "store", "stored", "%s",
                  call->sending.audio_key[0] != '\0'
                      ? "and kept for the next call of the same speech"
                      : "");
        cache_serve(core, call, call->stored);
        answer_ok(core, call, call->stored);
    } else {
        // Another attempt would be paid for, and our disk is as full for it.
        cache_refuse(core, call, "store_failed", error->message);
        answer_local(core, call, "store_failed", error->message);
    }
    run_queues(core, at);
}
