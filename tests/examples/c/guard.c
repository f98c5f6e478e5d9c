// A program that guards a function of its own with Ringfence's policy, by nothing but the public
// headers and the library. The function fails at first: it is retried, the breaker opens, the next
// calls are refused without being tried, and after the recovery time one test closes it again.
#include <stdio.h>
#include <time.h>

#include <ringfence/policy.h>

static int outage = 4; // so many calls fail

static enum rf_class ask_service(void) {
    return outage-- > 0 ? RF_CLASS_TRANSIENT : RF_CLASS_OK;
}

static struct rf_instant now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct rf_instant){t.tv_sec * RF_NS_PER_S + t.tv_nsec};
}

static void sleep_until(struct rf_instant when) {
    int64_t ns = rf_instant_since(when, now()).ns;
    if (ns > 0)
        nanosleep(&(struct timespec){ns / RF_NS_PER_S, ns % RF_NS_PER_S}, NULL);
}

static enum rf_class guarded(struct rf_policy *policy) {
    struct rf_policy_call call;
    enum rf_class class = RF_CLASS_LOCAL;
    rf_policy_begin(policy, &call, rf_instant_add(now(), rf_seconds(5)));
    for (struct rf_policy_decision d = rf_policy_step(policy, &call, now());;) {
        if (d.verdict == RF_POLICY_REFUSED || d.verdict == RF_POLICY_DONE) {
            printf("%s %s\n", rf_class_name(class), rf_policy_reason_name(d.reason));
            break;
        }
        if (d.verdict == RF_POLICY_GO) {
            rf_policy_sent(policy, &call, now());
            class = ask_service();
            d = rf_policy_ended(policy, &call, class, rf_ns(0), now());
        } else {
            sleep_until(d.at);
            d = rf_policy_step(policy, &call, now());
        }
    }
    rf_policy_end(policy, &call, now());
    return class;
}

int main(void) {
    struct rf_policy_rules rules = RF_POLICY_RULES_DEFAULT;
    struct rf_policy policy;
    rules.retry.initial_delay = rf_ms(1);
    rules.retry.max_retries = 1;
    rules.breaker.failure_threshold = 4;
    rules.breaker.recovery_timeout = rf_ms(50);
    rf_policy_init(&policy, &rules, 1, now());
    guarded(&policy); // fails, is retried, fails
    guarded(&policy); // the same: the fourth failure opens the breaker
    guarded(&policy); // refused, the service is not asked
    sleep_until(rf_instant_add(now(), rf_ms(60)));
    return guarded(&policy) == RF_CLASS_OK ? 0 : 1; // the test passes: closed again
}
