// What a reader of the notices, and of the rows that are kept, can tell to be wrong. It knows the
// script and what was stored, and nothing of the engine.
#ifndef RF_TESTS_ENGINE_JUDGE_H
#define RF_TESTS_ENGINE_JUDGE_H

#include "engine_world.h"

// judge: fails the test, with the seed, at the first thing that is wrong.
void judge(struct world *world);

#endif
