// What the providers of speech share: whether what came is audio.
#ifndef GATEWAY_SOUND_H
#define GATEWAY_SOUND_H

#include "provider.h"

// sound_result: the reply's body as audio of the format `suffix` ("mp3", "wav", ...). Empty audio,
// another content type, or bytes that are no such audio: false, and the verdict filled.
bool sound_result(const struct provider_reply *reply, const char *suffix,
                  struct provider_result *result, struct provider_verdict *verdict);

#endif
