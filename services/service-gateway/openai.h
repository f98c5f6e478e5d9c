// What OpenAI's two services share.
#ifndef GATEWAY_OPENAI_H
#define GATEWAY_OPENAI_H

#include "provider.h"

// openai_classify: as provider.classify.
void openai_classify(const struct provider_job *job, const struct provider_reply *reply,
                     struct provider_verdict *verdict);

#endif
