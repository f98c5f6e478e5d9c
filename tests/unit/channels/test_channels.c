#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "channels/channels.h"

static struct rf_config_channel hook(const char *name) {
    return (struct rf_config_channel){
        .name = (char *)name, .kind = RF_CHANNEL_WEBHOOK, .enabled = true, .url = (char *)"u"};
}

static struct rf_channels made(struct rf_config_channel *items, size_t count,
                               const struct rf_channels *before) {
    struct rf_config_alerter config = {.channels = {items, count}};
    struct rf_channels channels;
    rf_channels_make(&channels, &config, before);
    return channels;
}

static void three_channels_are_always_there(void **state) {
    (void)state;
    struct rf_channels channels = made(NULL, 0, NULL);
    assert_int_equal(rf_channels_find(&channels, "email"), 0);
    assert_int_equal(rf_channels_find(&channels, "telegram"), 1);
    assert_int_equal(rf_channels_find(&channels, "webhook"), 2);
    assert_int_equal(rf_channels_find(&channels, "pager"), -1);
    assert_int_equal(rf_channels_find(&channels, ""), -1);
    assert_int_equal(rf_channels_enabled(&channels), 0);
    assert_int_equal(rf_channels_named(&channels, NULL), 7);
}

static void names_keep_their_slots_over_a_reload(void **state) {
    (void)state;
    struct rf_config_channel first[] = {hook("a"), hook("b"), hook("c")};
    struct rf_config_channel second[] = {hook("d"), hook("c"), hook("a"), hook("e")};
    struct rf_channels before = made(first, 3, NULL), after = made(second, 4, &before);
    assert_int_equal(rf_channels_find(&before, "a"), 3);
    assert_int_equal(rf_channels_find(&before, "c"), 5);
    assert_int_equal(rf_channels_find(&after, "a"), 3);
    assert_int_equal(rf_channels_find(&after, "c"), 5);
    assert_int_equal(rf_channels_find(&after, "b"), -1);
    assert_int_equal(rf_channels_find(&after, "d"), 4); // that of b
    assert_int_equal(rf_channels_find(&after, "e"), 6);
    assert_int_equal(rf_channels_enabled(&after), 0x78);
}

static void sixteen_have_room(void **state) {
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g",
                                        "h", "i", "j", "k", "l", "m"};
    struct rf_config_channel items[13], turned[13];
    for (size_t i = 0; i < 13; i++) {
        items[i] = hook(names[i]);
        turned[12 - i] = hook(names[i]);
    }
    struct rf_channels before = made(items, 13, NULL), after = made(turned, 13, &before);
    for (size_t i = 0; i < 13; i++)
        assert_int_equal(rf_channels_find(&after, names[i]), 3 + i);
    assert_int_equal(rf_channels_enabled(&after), 0xFFF8);
}

static void lists_of_names_are_masks(void **state) {
    (void)state;
    struct rf_config_channel items[] = {hook("a"), hook("b")};
    struct rf_channels channels = made(items, 2, NULL);
    static const struct {
        const char *names;
        unsigned bits;
    } cases[] = {{"email", 1},  {"a,b", 0x18}, {"a, email ,b", 0x19},
                 {"nobody", 0}, {"", 0},       {"a,nobody", 8},
                 {"all", 0x1F}, {NULL, 0x1F},  {"ab", 0},
                 {"emai", 0},   {"emailx", 0}, {"a-name-that-is-much-longer-than-any-can-be", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(rf_channels_named(&channels, cases[i].names), cases[i].bits);
}

static void severities_below_the_least_are_not_taken(void **state) {
    (void)state;
    static const unsigned bits[] = {0xF, 0xE, 0xC, 0x8};
    for (unsigned least = 0; least < 4; least++) {
        struct rf_config_channel item = hook("a");
        item.limits.severity = (enum rf_severity_least)least;
        struct rf_channels channels = made(&item, 1, NULL);
        assert_int_equal(channels.slots[3].takes, bits[least]);
        assert_int_equal(rf_channels_taking(&channels, "info"), least < 1 ? 8 : 0);
        assert_int_equal(rf_channels_taking(&channels, "error"), least < 3 ? 8 : 0);
        assert_int_equal(rf_channels_taking(&channels, "critical"), 8);
        assert_int_equal(rf_channels_taking(&channels, "odd"), 8);
    }
}

// The most that leaves in any minute: a full bucket, and what comes in meanwhile.
static double most_a_minute(const struct rf_channel *channel) {
    return (double)channel->pace.burst + channel->pace.rate * 60;
}

static void no_minute_has_more_than_the_rate(void **state) {
    (void)state;
    static const struct {
        enum rf_channel_kind kind;
        enum rf_config_shape shape;
        int64_t rate;
        double most;
    } cases[] = {{RF_CHANNEL_TELEGRAM, RF_SHAPE_GENERIC, 0, 20},
                 {RF_CHANNEL_TELEGRAM, RF_SHAPE_GENERIC, 7, 7},
                 {RF_CHANNEL_WEBHOOK, RF_SHAPE_DISCORD, 0, 30},
                 {RF_CHANNEL_WEBHOOK, RF_SHAPE_SLACK, 0, 60},
                 {RF_CHANNEL_WEBHOOK, RF_SHAPE_PAGERDUTY, 0, 120},
                 {RF_CHANNEL_EMAIL, RF_SHAPE_GENERIC, 100, 100}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_config_channel item = hook("a");
        item.kind = cases[i].kind;
        item.shape = cases[i].shape;
        item.limits.rate = cases[i].rate;
        struct rf_channels channels = made(&item, 1, NULL);
        double most = most_a_minute(&channels.slots[3]);
        assert_true(most > cases[i].most - 0.001 && most < cases[i].most + 0.001);
    }
    struct rf_config_channel item = hook("a");
    struct rf_channels channels = made(&item, 1, NULL);
    assert_true(channels.slots[3].pace.rate <= 0); // no limit
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_channels_are_always_there),
        cmocka_unit_test(names_keep_their_slots_over_a_reload),
        cmocka_unit_test(sixteen_have_room),
        cmocka_unit_test(lists_of_names_are_masks),
        cmocka_unit_test(severities_below_the_least_are_not_taken),
        cmocka_unit_test(no_minute_has_more_than_the_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
