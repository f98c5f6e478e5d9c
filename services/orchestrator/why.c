#include "why.h"

#include <inttypes.h>

#include "events/field.h"
#include "reason.h"

#define TEXT_MOST 256 // bytes of a text of others

static void add_time(struct rf_text *text, const char *before, struct rf_utc at) {
    char when[RF_TIME_TEXT_SIZE];
    rf_text_add(text, "%s%s", before, rf_time_text(at, when));
}

// ---- who, and where ----

static void add_who(const struct rf_why *why, struct rf_text *text) {
    rf_text_add_clean(text, why->id, TEXT_MOST);
    rf_text_add(text, " (");
    if (why->name && why->name[0]) {
        rf_text_add_clean(text, why->name, TEXT_MOST);
        rf_text_add(text, ", ");
    }
    rf_text_add_clean(text, why->phone, TEXT_MOST);
    rf_text_add(text, ") of the campaign ");
    rf_text_add_clean(text, why->campaign, TEXT_MOST);
}

static void add_state(const struct rf_why *why, struct rf_text *text) {
    static const char *const words[RF_CONTACT_STATES] = {
        [RF_CONTACT_NEW] = "was loaded and not put into the queue yet",
        [RF_CONTACT_SCHEDULED] = "is in the queue and was never begun",
        [RF_CONTACT_SCRIPT] = "is in progress: its script is being written",
        [RF_CONTACT_SPEECH] = "is in progress: its script is being spoken",
        [RF_CONTACT_DIAL] = "is in progress: it is about to be dialled, or just was",
        [RF_CONTACT_ASK] = ("is in progress: a dial may have made a call, and the provider is asked"
                            " for it before anything is repeated"),
        [RF_CONTACT_FOLLOW] = "is in progress: its call exists and is followed to its end",
        [RF_CONTACT_WAIT_RETRY] = "waits for its next try",
        [RF_CONTACT_WAIT_BREAKER] = "waits until a provider is usable again",
        [RF_CONTACT_WAIT_WINDOW] = "waits for its calling window",
        [RF_CONTACT_DONE] = "is done",
        [RF_CONTACT_SET_ASIDE] = "was set aside",
    };
    rf_text_add(text, " %s", words[why->state]);
    if (why->state == RF_CONTACT_DONE && why->outcome) {
        rf_text_add(text, ": its last call ended as ");
        rf_text_add_clean(text, why->outcome, TEXT_MOST);
    }
    if (why->state == RF_CONTACT_SET_ASIDE)
        rf_text_add(text, " at the step %s", rf_step_name(why->step));
    if (rf_contact_ended(why->state) && why->ended.ns > 0)
        add_time(text, ", at ", why->ended);
}

static bool has_reason(const struct rf_why *why) {
    return why->reason && (rf_contact_waiting(why->state) || why->state == RF_CONTACT_ASK ||
                           why->state == RF_CONTACT_SET_ASIDE);
}

static void add_reason(const struct rf_why *why, struct rf_text *text) {
    if (!has_reason(why)) {
        rf_text_add(text, ".");
        return;
    }
    const struct rf_reason_row *row = rf_reason_find(why->state, why->reason);
    rf_text_add(text, ", because ");
    if (row) {
        rf_text_add(text, "%s (", row->words);
    } else {
        rf_text_add(text, "of what it was told (");
    }
    rf_text_add_clean(text, why->reason, TEXT_MOST);
    if (why->message && why->message[0]) {
        rf_text_add(text, ": ");
        rf_text_add_clean(text, why->message, TEXT_MOST);
    }
    rf_text_add(text, ").");
}

// ---- what was tried ----

static void add_attempt(const struct rf_why_attempt *attempt, struct rf_text *text) {
    add_time(text, "at ", attempt->created);
    if (attempt->provider && attempt->provider[0]) {
        rf_text_add(text, " by ");
        rf_text_add_clean(text, attempt->provider, TEXT_MOST);
    }
    rf_text_add(text, ": ");
    switch (attempt->state) {
    case RF_DIAL_NONE:
    case RF_DIAL_INTENT:
        rf_text_add(text, "its request may be on its way");
        break;
    case RF_DIAL_UNKNOWN:
        rf_text_add(text, "it is not known yet whether a call came of it");
        break;
    case RF_DIAL_PLACED:
        rf_text_add(text, "the call is in progress");
        break;
    case RF_DIAL_ABSENT:
        rf_text_add(text, "no call came of it");
        break;
    case RF_DIAL_ENDED:
        if (attempt->status)
            rf_text_add(text, "ended as ");
        else if (attempt->sid)
            rf_text_add(text, "a call whose end its provider does not tell");
        else
            rf_text_add(text, "nobody can tell whether a call came of it");
        break;
    }
    if (attempt->status && attempt->state == RF_DIAL_ENDED) {
        rf_text_add_clean(text, attempt->status, TEXT_MOST);
        if (attempt->duration_s >= 0)
            rf_text_add(text, " after %" PRId64 " s", attempt->duration_s);
    } else if (attempt->status && attempt->state == RF_DIAL_ABSENT) {
        rf_text_add(text, " (");
        rf_text_add_clean(text, attempt->status, TEXT_MOST);
        rf_text_add(text, ")");
    }
    if (attempt->sid) {
        rf_text_add(text, ", call ");
        rf_text_add_clean(text, attempt->sid, TEXT_MOST);
    }
}

static void add_dialled(const struct rf_why *why, struct rf_text *text) {
    rf_text_add(text, " It was dialled %" PRId64 " time%s", why->attempts_all,
                why->attempts_all == 1 ? "" : "s");
    if (why->attempts_all > (int64_t)why->attempt_count)
        rf_text_add(text, ", and these are the last %zu", why->attempt_count);
    for (size_t i = 0; i < why->attempt_count; i++) {
        rf_text_add(text, i == 0 ? ": " : "; ");
        add_attempt(&why->attempts[i], text);
    }
    rf_text_add(text, ".");
}

static void add_tried(const struct rf_why *why, struct rf_text *text) {
    if (why->attempts_all > 0)
        add_dialled(why, text);
    else
        rf_text_add(text, " It was not dialled yet%s",
                    why->spoken    ? "; its script is written and spoken."
                    : why->written ? "; its script is written."
                                   : ".");
    if (why->attempts_unsent > 0)
        rf_text_add(text,
                    " %" PRId64 "%s time%s its dial was given up before anything was sent to the"
                    " provider.",
                    why->attempts_unsent, why->attempts_all > 0 ? " more" : "",
                    why->attempts_unsent == 1 ? "" : "s");
}

// ---- what comes next ----

static const char *next_step(const struct rf_why *why) {
    switch (why->step) {
    case RF_STEP_SCRIPT:
        return "its script is written";
    case RF_STEP_SPEECH:
        return "its script is spoken";
    case RF_STEP_DIAL:
        break;
    }
    return why->attempts_all > 0 ? "it is dialled again" : "it is dialled";
}

#define RESUMED   "when its campaign, which is paused, is resumed"
#define CANCELLED " Its campaign was cancelled: it is about to be set aside."

// What keeps a contact of the queue from going on, besides its own time.
static void add_held(const struct rf_why *why, struct rf_utc now, struct rf_text *text) {
    char span[RF_TIME_TEXT_SIZE];
    if (why->campaign_state == RF_CAMPAIGN_PAUSED)
        rf_text_add(text, RESUMED ", ");
    else if (why->waiting_for && why->waiting_for[0]) {
        rf_text_add(text, "when ");
        rf_text_add_clean(text, why->waiting_for, TEXT_MOST);
        rf_text_add(text, " can be used again, ");
        if (why->usable.ns > now.ns) {
            add_time(text, "which is tried from ", why->usable);
            rf_text_add(text, " on (in %s), ", rf_span_text(rf_utc_since(why->usable, now), span));
        }
    }
}

static void add_queued(const struct rf_why *why, struct rf_utc now, struct rf_text *text) {
    char span[RF_TIME_TEXT_SIZE];
    if (why->campaign_state == RF_CAMPAIGN_CANCELLED) {
        rf_text_add(text, CANCELLED);
        return;
    }
    rf_text_add(text, " Next, ");
    if (why->due.ns > now.ns) {
        add_time(text, "from ", why->due);
        rf_text_add(text, " on (in %s), ", rf_span_text(rf_utc_since(why->due, now), span));
    }
    add_held(why, now, text);
    if (why->due.ns <= now.ns)
        rf_text_add(text, "as soon as there is a free place, ");
    rf_text_add(text, "%s.", next_step(why));
}

static void add_new(const struct rf_why *why, struct rf_text *text) {
    if (why->campaign_state == RF_CAMPAIGN_CANCELLED)
        rf_text_add(text, CANCELLED);
    else if (why->campaign_state == RF_CAMPAIGN_PAUSED)
        rf_text_add(text, " Next, " RESUMED ", %s.", next_step(why));
    else
        rf_text_add(text, " Next, when its campaign is started%s, %s.",
                    why->campaign_state == RF_CAMPAIGN_LOADING ? "" : " once more", next_step(why));
}

// A step that is under way is finished, whatever its campaign does.
static void add_made(const struct rf_why *why, struct rf_text *text) {
    if (why->campaign_state == RF_CAMPAIGN_CANCELLED)
        rf_text_add(text, " Its campaign was cancelled: it is set aside when this step ends.");
    else if (why->campaign_state == RF_CAMPAIGN_PAUSED)
        rf_text_add(text, " Next, its script is there, and " RESUMED ", it is dialled.");
    else
        rf_text_add(text, " Next, its script is there, and then it is dialled.");
}

// Whose request may be on its way already is not called back by an order.
static void add_dial(const struct rf_why *why, struct rf_text *text) {
    const struct rf_why_attempt *last =
        why->attempt_count > 0 ? &why->attempts[why->attempt_count - 1] : NULL;
    bool sent = last && last->state == RF_DIAL_INTENT;
    if (!sent && why->campaign_state == RF_CAMPAIGN_CANCELLED)
        rf_text_add(text, CANCELLED);
    else if (!sent && why->campaign_state == RF_CAMPAIGN_PAUSED)
        rf_text_add(text, " Next, " RESUMED ", %s.", next_step(why));
    else
        rf_text_add(text, " Next, its call is followed to its end.");
}

static void add_ask(const struct rf_why *why, struct rf_text *text) {
    rf_text_add(text,
                " Next, the call is followed if there is one; if it is proven that there is none,"
                " it is %s.",
                why->campaign_state == RF_CAMPAIGN_CANCELLED
                    ? "set aside, as its campaign was cancelled"
                : why->campaign_state == RF_CAMPAIGN_PAUSED ? "dialled again " RESUMED
                                                            : "dialled again");
}

static void add_follow(const struct rf_why *why, struct rf_text *text) {
    rf_text_add(text, " Next, it is done when its call ends");
    if (why->max_calls > 1 && why->campaign_state == RF_CAMPAIGN_CANCELLED)
        rf_text_add(text, "; if that does not reach it, it is not called again, as its campaign was"
                          " cancelled");
    else if (why->max_calls > 1)
        rf_text_add(text,
                    "; if that does not reach it, it is called again by the plan of how it ended%s,"
                    " up to %" PRId64 " calls in all",
                    why->campaign_state == RF_CAMPAIGN_PAUSED ? " " RESUMED : "", why->max_calls);
    rf_text_add(text, ".");
}

static void add_next(const struct rf_why *why, struct rf_utc now, struct rf_text *text) {
    switch (why->state) {
    case RF_CONTACT_NEW:
        add_new(why, text);
        break;
    case RF_CONTACT_SCHEDULED:
    case RF_CONTACT_WAIT_RETRY:
    case RF_CONTACT_WAIT_BREAKER:
    case RF_CONTACT_WAIT_WINDOW:
        add_queued(why, now, text);
        break;
    case RF_CONTACT_SCRIPT:
    case RF_CONTACT_SPEECH:
        add_made(why, text);
        break;
    case RF_CONTACT_DIAL:
        add_dial(why, text);
        break;
    case RF_CONTACT_ASK:
        add_ask(why, text);
        break;
    case RF_CONTACT_FOLLOW:
        add_follow(why, text);
        break;
    case RF_CONTACT_DONE:
    case RF_CONTACT_SET_ASIDE:
        rf_text_add(text, " Nothing comes next.");
        break;
    }
}

static bool queued(const struct rf_why *why) {
    return (why->state == RF_CONTACT_SCHEDULED || rf_contact_waiting(why->state)) &&
           why->campaign_state != RF_CAMPAIGN_CANCELLED;
}

// What a person could do about it.
static void add_mend(const struct rf_why *why, struct rf_text *text) {
    const struct rf_reason_row *row =
        has_reason(why) ? rf_reason_find(why->state, why->reason) : NULL;
    rf_text_add(text, " What you can do: ");
    if (why->state == RF_CONTACT_NEW && (why->campaign_state == RF_CAMPAIGN_LOADING ||
                                         why->campaign_state == RF_CAMPAIGN_RUNNING)) {
        rf_text_add(text, "ringfence campaign start ");
        rf_text_add_clean(text, why->campaign, TEXT_MOST);
    } else if (!rf_contact_ended(why->state) && why->campaign_state == RF_CAMPAIGN_PAUSED) {
        rf_text_add(text, "ringfence campaign resume ");
        rf_text_add_clean(text, why->campaign, TEXT_MOST);
    } else if (queued(why) && why->marked) {
        rf_text_add(text, "%s", rf_reason_row(RF_REASON_MARKED)->mend);
    } else if (row && row->mend[0]) {
        rf_text_add(text, "%s", row->mend);
    } else if (why->state == RF_CONTACT_SET_ASIDE) {
        rf_text_add(text, "when the cause is gone, ringfence campaign retry tries it again");
    } else {
        rf_text_add(text, "nothing is needed");
    }
    rf_text_add(text, ".");
}

void rf_why_text(const struct rf_why *why, struct rf_utc now, struct rf_text *text) {
    add_who(why, text);
    add_state(why, text);
    add_reason(why, text);
    add_tried(why, text);
    add_next(why, now, text);
    add_mend(why, text);
}
