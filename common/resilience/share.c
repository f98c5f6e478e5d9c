#include <ringfence/share.h>

void rf_share_begin(struct rf_share *share, int64_t in_use) {
    *share = (struct rf_share){.mode = RF_SHARE_AWAITED, .held = in_use, .granted = in_use};
}

void rf_share_open(struct rf_share *share) {
    *share = (struct rf_share){.mode = RF_SHARE_LOCAL};
}

void rf_share_grant(struct rf_share *share, int64_t granted, int64_t keep, struct rf_instant until,
                    struct rf_instant now) {
    if (share->mode == RF_SHARE_LOCAL)
        return; // of a term that is over
    share->mode = RF_SHARE_LEASED;
    if (granted > share->granted) {
        share->granted = granted;
        share->turn = rf_instant_add(now, rf_ns(RF_SHARE_TURN));
    }
    share->keep = keep > 0 ? keep : 0;
    if (rf_instant_before(share->until, until))
        share->until = until;
}

int64_t rf_share_free(const struct rf_share *share, int64_t in_use, struct rf_instant now) {
    if (share->mode == RF_SHARE_LOCAL)
        return INT64_MAX;
    int64_t left = rf_share_has(share) - in_use;
    return left > 0 && rf_instant_before(now, share->until) ? left : 0;
}

void rf_share_use(struct rf_share *share) {
    if (share->mode != RF_SHARE_LOCAL && rf_share_has(share) > 0)
        share->used++;
}

bool rf_share_trim(struct rf_share *share, int64_t in_use) {
    int64_t keep = share->keep > in_use ? share->keep : in_use;
    int64_t beyond = rf_share_has(share) - keep;
    if (share->mode == RF_SHARE_LOCAL || beyond <= 0)
        return false;
    share->returned += beyond;
    return true;
}
