#include <ringfence/budget.h>

#include <string.h>

#define PPM INT64_C(1000000)

// Far beyond any use, and far from overflowing when multiplied by ten times PPM.
#define MOST_COUNTED (INT64_MAX / (20 * PPM))

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

static void adopt(struct rf_budget *budget, const struct rf_budget_policy *policy) {
    struct rf_budget_policy *own = &budget->policy;
    *own = *policy;
    own->ratio = own->ratio > 0.0 ? own->ratio < 10.0 ? own->ratio : 10.0 : 0.0;
    own->min_retries = clamp(own->min_retries, 0, MOST_COUNTED);
    own->window.ns = clamp(own->window.ns, RF_BUDGET_STEPS, INT64_MAX);
    budget->ratio_ppm = (int64_t)(own->ratio * (double)PPM + 0.5);
    budget->step = rf_ns(own->window.ns / RF_BUDGET_STEPS);
}

void rf_budget_init(struct rf_budget *budget, const struct rf_budget_policy *policy,
                    struct rf_instant now) {
    memset(budget, 0, sizeof *budget);
    adopt(budget, policy);
    budget->from = now;
}

// Leaves behind the steps that are over: at most all of them, however long nobody came.
static void advance(struct rf_budget *budget, struct rf_instant now) {
    struct rf_duration age = rf_instant_since(now, budget->from);
    int64_t over = age.ns / budget->step.ns;
    if (over <= 0)
        return;
    budget->from = rf_instant_add(now, rf_ns(-(age.ns % budget->step.ns)));
    for (int64_t i = 0; i < over && i < RF_BUDGET_STEPS; i++) {
        budget->current = (budget->current + 1) % RF_BUDGET_STEPS;
        struct rf_budget_step *oldest = &budget->steps[budget->current];
        budget->calls -= oldest->calls;
        budget->retries -= oldest->retries;
        *oldest = (struct rf_budget_step){0};
    }
}

void rf_budget_change(struct rf_budget *budget, const struct rf_budget_policy *policy,
                      struct rf_instant now) {
    advance(budget, now);
    adopt(budget, policy);
    memset(budget->steps, 0, sizeof budget->steps);
    budget->steps[0] = (struct rf_budget_step){budget->calls, budget->retries};
    budget->current = 0;
    if (rf_instant_before(budget->from, now))
        budget->from = now;
}

void rf_budget_calls(struct rf_budget *budget, int64_t count, struct rf_instant now) {
    advance(budget, now);
    count = clamp(count, 0, MOST_COUNTED - budget->calls);
    budget->steps[budget->current].calls += count;
    budget->calls += count;
}

void rf_budget_call(struct rf_budget *budget, struct rf_instant now) {
    rf_budget_calls(budget, 1, now);
}

int64_t rf_budget_left(struct rf_budget *budget, struct rf_instant now) {
    advance(budget, now);
    int64_t share = budget->calls * budget->ratio_ppm / PPM;
    int64_t most = share > budget->policy.min_retries ? share : budget->policy.min_retries;
    int64_t left = most - budget->retries - budget->waiting;
    return left > 0 ? left : 0;
}

bool rf_budget_take(struct rf_budget *budget, struct rf_instant now) {
    if (rf_budget_left(budget, now) == 0)
        return false;
    budget->waiting++;
    return true;
}

void rf_budget_hold(struct rf_budget *budget, int64_t count) {
    budget->waiting += clamp(count, 0, MOST_COUNTED - budget->waiting);
}

void rf_budget_spend(struct rf_budget *budget, struct rf_instant now) {
    advance(budget, now);
    if (budget->waiting == 0)
        return;
    budget->waiting--;
    budget->steps[budget->current].retries++;
    budget->retries++;
}

void rf_budget_cancel(struct rf_budget *budget) {
    if (budget->waiting > 0)
        budget->waiting--;
}
