// The engine against a model of what people and the ledger may see: scripts drawn from seeds, of
// events, time, silences, acknowledgements and reloads; and each of them again with kills at any
// moment, also between what a page made and its commit.
//
//   test_alert_model [FIRST COUNT]
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_judge.h"

static uint64_t first_seed = 1, seeds = 40;

#define SHOWN 160 // characters before and behind

// Shows where two texts of lines differ.
static void expect_same(uint64_t seed, const char *what, const char *whole, const char *killed) {
    size_t line = 0, at = 0;
    if (strcmp(whole, killed) == 0)
        return;
    for (; whole[at] == killed[at]; at++)
        line = whole[at] == '\n' ? at + 1 : line;
    size_t from = at - line > SHOWN ? at - SHOWN : line;
    fail_msg("seed %d: %s differ after kills, in the line of %.40s:\nwhole:  %.*s\nkilled: %.*s",
             (int)seed, what, whole + line, 2 * SHOWN, whole + from, 2 * SHOWN, killed + from);
}

static void what_is_told_is_right_and_kills_change_nothing(void **state) {
    int killed = 0;
    size_t told = 0;
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
        struct script script;
        struct world whole, exact;
        script_draw(&script, seed);
        world_play(&whole, &script, WORLD_WHOLE, seed);
        judge(&whole);
        world_play(&exact, &script, WORLD_EXACT, seed);
        judge(&exact);
        char *rows = world_rows(&whole), *rows_killed = world_rows(&exact);
        expect_same(seed, "notices", whole.notices.data == NULL ? "" : whole.notices.data,
                    exact.notices.data == NULL ? "" : exact.notices.data);
        expect_same(seed, "rows", rows, rows_killed);
        free(rows);
        free(rows_killed);
        killed += exact.killed;
        told += whole.telling_count;
        world_fini(&whole);
        world_fini(&exact);
        script_fini(&script);
    }
    print_message("%d seeds, %zu tellings, %d kills\n", (int)seeds, told, killed);
    assert_true(told > 0 && killed > 0);
}

static void what_is_told_is_right_when_the_alerter_is_away_after_each_kill(void **state) {
    int killed = 0;
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
        struct script script;
        struct world world;
        script_draw(&script, seed);
        world_play(&world, &script, WORLD_LOOSELY, seed);
        judge(&world);
        killed += world.killed;
        world_fini(&world);
        script_fini(&script);
    }
    assert_true(killed > 0);
}

int main(int argc, char **argv) {
    if (argc == 3) {
        first_seed = strtoull(argv[1], NULL, 10);
        seeds = strtoull(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_is_right_and_kills_change_nothing),
        cmocka_unit_test(what_is_told_is_right_when_the_alerter_is_away_after_each_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
