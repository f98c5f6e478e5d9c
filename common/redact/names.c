// What the name of a value says of it.
#include "redact/span.h"

#include <string.h>

#define NAME_MOST 32 // bytes of a name without its marks; of a longer one the last count

// Names without marks and in small letters.
struct word {
    const char *text;
    size_t size;
};

#define WORD(text)                                                                                 \
    { text, sizeof(text) - 1 }

static const struct word certain_words[] = {
    WORD("password"),     WORD("passwd"),     WORD("passphrase"),    WORD("pwd"),
    WORD("apikey"),       WORD("authtoken"),  WORD("accesstoken"),   WORD("refreshtoken"),
    WORD("bottoken"),     WORD("privatekey"), WORD("secretkey"),     WORD("authorization"),
    WORD("clientsecret"), WORD("accesskey"),  WORD("routingkey"),    WORD("integrationkey"),
    WORD("servicekey"),   WORD("signingkey"), WORD("encryptionkey"), WORD("sharedkey"),
    WORD("passwort"),     WORD("kennwort"),
};
static const struct word doubtful_words[] = {WORD("secret"), WORD("token"), WORD("credential"),
                                             WORD("credentials"), WORD("cookie")};
static const struct word phone_words[] = {
    WORD("phone"), WORD("phonenumber"), WORD("mobile"),
    WORD("tel"),   WORD("telephone"),   WORD("msisdn"),
};
static const struct word party_words[] = {
    WORD("to"),     WORD("from"),     WORD("number"),    WORD("caller"),      WORD("callee"),
    WORD("called"), WORD("callerid"), WORD("recipient"), WORD("destination"),
};
static const struct word said_words[] = {
    WORD("script"),        WORD("text"),   WORD("speech"),     WORD("transcript"),
    WORD("transcription"), WORD("prompt"), WORD("utterance"),  WORD("greeting"),
    WORD("said"),          WORD("twiml"),  WORD("scripttext"), WORD("speechtext"),
};

static const struct word person_words[] = {
    WORD("name"),       WORD("contactname"), WORD("customername"), WORD("callername"),
    WORD("fullname"),   WORD("firstname"),   WORD("lastname"),     WORD("givenname"),
    WORD("familyname"), WORD("surname"),     WORD("displayname"),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static size_t bare(const char *name, size_t size, char out[NAME_MOST]) {
    size_t length = 0, marks = 0;
    for (size_t i = 0; i < size; i++)
        marks += name[i] == '-' || name[i] == '_' || name[i] == '.';
    size_t skip = size - marks > NAME_MOST ? size - marks - NAME_MOST : 0;
    for (size_t i = 0; i < size && length < NAME_MOST; i++) {
        char c = name[i];
        if (c == '-' || c == '_' || c == '.')
            continue;
        if (skip > 0)
            skip--;
        else
            out[length++] = rf_redact_small(c);
    }
    return length;
}

static bool is_one(const struct word *words, size_t count, const char *name, size_t size) {
    for (size_t i = 0; i < count; i++)
        if (words[i].size == size && memcmp(words[i].text, name, size) == 0)
            return true;
    return false;
}

// ELEVENLABS_API_KEY, x-goog-api-key, db_password.
static bool ends_in_one(const struct word *words, size_t count, const char *name, size_t size) {
    for (size_t i = 0; i < count; i++)
        if (words[i].size <= size &&
            memcmp(words[i].text, name + size - words[i].size, words[i].size) == 0)
            return true;
    return false;
}

bool rf_redact_secret_name(const char *name, size_t size, bool *certain) {
    char plain[NAME_MOST];
    size_t length = bare(name, size, plain);
    *certain = ends_in_one(certain_words, COUNT(certain_words), plain, length);
    return *certain || ends_in_one(doubtful_words, COUNT(doubtful_words), plain, length);
}

// All our words end in one of these letters.
static bool may_be_one(char last) {
    switch (last | 0x20) {
    case 'd': // password, called, said, callerid
    case 'e': // phone, mobile, telephone, passphrase, callee, utterance, name
    case 'y': // apikey
    case 'n': // token, authorization, transcription, msisdn, destination
    case 't': // secret, script, text, transcript, prompt, recipient
    case 'l': // tel, credential
    case 's': // credentials
    case 'r': // number, caller
    case 'o': // to
    case 'm': // from
    case 'h': // speech
    case 'g': // greeting
        return true;
    default:
        return false;
    }
}

static enum rf_redact_kind kind_of(const char *name, size_t size) {
    char plain[NAME_MOST];
    bool certain;
    if (size < 2 || !may_be_one(name[size - 1]))
        return RF_REDACT_PLAIN;
    size_t length = bare(name, size, plain);
    if (is_one(phone_words, COUNT(phone_words), plain, length))
        return RF_REDACT_PHONE;
    if (is_one(party_words, COUNT(party_words), plain, length))
        return RF_REDACT_PARTY;
    if (is_one(said_words, COUNT(said_words), plain, length))
        return RF_REDACT_WORDS;
    if (is_one(person_words, COUNT(person_words), plain, length))
        return RF_REDACT_NAME;
    return rf_redact_secret_name(name, size, &certain) ? RF_REDACT_SECRET : RF_REDACT_PLAIN;
}

// What is inside a name is one too, but a secret stays a secret there.
enum rf_redact_kind rf_redact_kind_inside(enum rf_redact_kind own, enum rf_redact_kind outer) {
    if (outer == RF_REDACT_NAME)
        return own == RF_REDACT_PLAIN ? RF_REDACT_NAME : own;
    return outer != RF_REDACT_PLAIN ? outer : own;
}

enum rf_redact_kind rf_redact_kind(const char *name, size_t size, enum rf_redact_kind outer) {
    if (outer != RF_REDACT_PLAIN && outer != RF_REDACT_NAME)
        return outer;
    return rf_redact_kind_inside(kind_of(name, size), outer);
}
