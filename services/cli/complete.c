#include "complete.h"

#include <string.h>

#include <ringfence/messages.h>

#define WORDS_MOST 2 // of a command's name

// What is known of the line up to its last word.
struct line {
    const struct cli_command *commands;
    size_t count;
    const char *first[WORDS_MOST]; // the first words that are no options
    size_t words;                  // how many of them there are, those of the arguments too
    const struct cli_command *command;
    size_t name_words;    // of `words`, those that are its name
    uint64_t given;       // options of its own
    const char *value_of; // the option whose value the last word is; NULL: it is no value
    bool asks_help;
};

static const struct {
    const char *name;
    bool has_value, only_without_command;
    const char *is;
} common[] = {
    {"config", true, false, "the set's configuration"},
    {"timeout", true, false, "how long to wait for the broker and for answers"},
    {"help", false, false, "what a command takes"},
    {"version", false, true, "which version this is"},
};
#define COMMON_COUNT (sizeof common / sizeof common[0])

static const struct {
    const char *name;
    bool has_value;
} own[CLI_OWN_COUNT] = {
#define X(id, name, has_value) [CLI_##id] = {(name), (has_value)},
    CLI_OWN_OPTIONS(X)
#undef X
};

static bool is_bytes(const char *name, const char *bytes, size_t size) {
    return strlen(name) == size && memcmp(name, bytes, size) == 0;
}

static bool begins(const char *word, const char *begun) {
    return strncmp(word, begun, strlen(begun)) == 0;
}

// Whether `word`, an option without its dashes, wants a value; notes that it was given.
static bool takes_value(struct line *line, const char *word, size_t size) {
    for (size_t i = 0; i < CLI_OWN_COUNT; i++)
        if (is_bytes(own[i].name, word, size)) {
            line->given |= UINT64_C(1) << i;
            return own[i].has_value;
        }
    for (size_t i = 0; i < COMMON_COUNT; i++)
        if (is_bytes(common[i].name, word, size))
            return common[i].has_value;
    return false;
}

static void take_word(struct line *line, const char *word) {
    if (line->words == 0 && !line->asks_help && strcmp(word, "help") == 0) {
        line->asks_help = true;
        return;
    }
    if (line->words < WORDS_MOST)
        line->first[line->words] = word;
    line->words++;
}

static void take_words(struct line *line, const char *const *words, size_t count,
                       struct cli_wanted *wanted) {
    for (size_t i = 0; i < count; i++) {
        const char *word = words[i];
        bool is_long = begins(word, "--") && word[2] != '\0';
        size_t size = is_long ? strcspn(word + 2, "=") : 0;
        const char *name = is_long ? word + 2 : "last"; // -n is --last
        if (strcmp(word, "-n") == 0)
            size = strlen(name);
        if (size == 0) {
            if (word[0] != '-')
                take_word(line, word);
            continue;
        }
        const char *value = name[size] == '=' ? name + size + 1 : NULL;
        if (takes_value(line, name, size) && value == NULL) {
            // bash takes --config=FILE for three words
            i += i + 1 < count && strcmp(words[i + 1], "=") == 0 ? 1 : 0;
            if (i + 1 >= count)
                line->value_of = name;
            else
                value = words[++i];
        }
        if (value != NULL && is_bytes("config", name, size))
            wanted->config = value;
    }
}

static void find_command(struct line *line) {
    for (size_t i = 0; i < line->count; i++) {
        const char *name = line->commands[i].words, *second = strchr(name, ' ');
        size_t names = second != NULL ? 2 : 1;
        size_t size = second != NULL ? (size_t)(second - name) : strlen(name);
        if (line->words < names || names <= line->name_words ||
            !is_bytes(line->first[0], name, size) ||
            (second != NULL && strcmp(line->first[1], second + 1) != 0))
            continue;
        line->command = &line->commands[i];
        line->name_words = names;
    }
}

static void offer(struct rf_text *out, const char *before, const char *word, size_t size,
                  const char *is) {
    rf_text_add(out, "%s", before);
    rf_text_add_bytes(out, word, size);
    if (is[0] != '\0')
        rf_text_add(out, "\t%.*s", (int)strcspn(is, "\n"), is);
    rf_text_add(out, "\n");
}

// ---- commands ----

// Words that stand at the place of the last one in the names of commands, each once.
static void offer_commands(const struct line *line, const char *begun, struct rf_text *out) {
    const char *told = "";
    size_t told_size = 0;
    for (size_t i = 0; i < line->count; i++) {
        const char *name = line->commands[i].words, *second = strchr(name, ' ');
        size_t size = second != NULL ? (size_t)(second - name) : strlen(name);
        if (line->words == 1) {
            if (second == NULL || !is_bytes(line->first[0], name, size))
                continue;
            name = second + 1;
            size = strlen(name);
        }
        bool again = told_size == size && memcmp(told, name, size) == 0;
        if (again || size < strlen(begun) || !begins(name, begun))
            continue;
        bool group = line->words == 0 && second != NULL;
        offer(out, "", name, size, group ? "" : line->commands[i].summary);
        told = name;
        told_size = size;
    }
    if (line->words == 0 && !line->asks_help && begins("help", begun))
        offer(out, "", "help", strlen("help"), "what a command takes");
}

// ---- options ----

static void offer_options(const struct line *line, const char *begun, struct rf_text *out) {
    uint64_t left = line->command != NULL ? line->command->takes : 0;
    left &= ~line->given | CLI_TAKES(MAP);
    if (begun[1] == '-')
        begun += 2;
    else if (begun[1] == '\0')
        begun += 1;
    else
        return;
    for (size_t i = 0; i < CLI_OWN_COUNT; i++)
        if ((left & (UINT64_C(1) << i)) != 0 && begins(own[i].name, begun))
            offer(out, "--", own[i].name, strlen(own[i].name), "");
    for (size_t i = 0; i < COMMON_COUNT; i++)
        if (begins(common[i].name, begun) &&
            !(common[i].only_without_command && line->command != NULL))
            offer(out, "--", common[i].name, strlen(common[i].name), common[i].is);
}

// ---- values and arguments ----

// A place as the usage has it, such as "[NAME]" or "csv|jsonl": where it is, and its size.
struct place {
    const char *text;
    size_t size;
};

// The next token of a usage without what stands around it; false at the end.
static bool next_token(const char **at, struct place *token, bool *repeats) {
    *at += strspn(*at, " \n");
    if (**at == '\0')
        return false;
    size_t whole = strcspn(*at, " \n"), size = whole;
    const char *text = *at;
    *at += whole;
    *repeats = size > 3 && memcmp(text + size - 3, "...", 3) == 0;
    size -= *repeats ? 3 : 0;
    bool opened = text[0] == '[';
    text += opened ? 1 : 0;
    size -= opened ? 1 : 0;
    if (size > 0 && text[size - 1] == ']' && (opened || memchr(text, '[', size) == NULL))
        size--;
    *token = (struct place){text, size};
    return true;
}

// What stands in the usage behind --`option`, or, for NULL, as the argument `index`.
static struct place place_of(const struct cli_command *command, const char *option, size_t index) {
    struct place token = {"", 0}, last = {"", 0};
    const char *at = command->usage;
    bool repeats, any = false;
    size_t found = 0;
    while (next_token(&at, &token, &repeats)) {
        if (token.size > 2 && memcmp(token.text, "--", 2) == 0) {
            bool wanted = option != NULL && is_bytes(option, token.text + 2, token.size - 2);
            bool has_value = false;
            for (size_t i = 0; i < CLI_OWN_COUNT; i++)
                has_value |=
                    own[i].has_value && is_bytes(own[i].name, token.text + 2, token.size - 2);
            if (has_value && !next_token(&at, &token, &repeats))
                break;
            if (wanted)
                return token;
            continue;
        }
        if (option == NULL && found++ == index)
            return token;
        last = token;
        any = repeats;
    }
    return option == NULL && any ? last : (struct place){"", 0};
}

static void offer_alternatives(struct rf_text *out, const struct cli_wanted *wanted,
                               const char *list) {
    for (size_t size; *list != '\0'; list += size + (list[size] == '|' ? 1 : 0)) {
        size = strcspn(list, "|");
        if (size < strlen(wanted->begun) || !begins(list, wanted->begun))
            continue;
        rf_text_add_bytes(out, wanted->before, wanted->before_bytes);
        offer(out, "", list, size, "");
    }
}

static void offer_events(struct rf_text *out, const struct cli_wanted *wanted) {
    static const char types[] =
#define EVENT(name, type, severity, meaning) type "|"
#include <ringfence/messages.def>
        "";
    offer_alternatives(out, wanted, types);
}

// What the words of a usage stand for.
static const struct {
    const char *place;
    const char *group; // of the command; NULL: any
    const char *lists; // alternatives, or ":files" and ":folders"; NULL: names
    enum cli_names names;
} meanings[] = {
    {"FILE", NULL, ":files", 0},
    {"FILE.csv", NULL, ":files", 0},
    {"FILE.yaml", NULL, ":files", 0},
    {"CONTACTS.csv", NULL, ":files", 0},
    {"FOLDER", NULL, ":folders", 0},
    {"PROVIDER", NULL, NULL, CLI_NAMES_PROVIDERS},
    {"PROVIDER[/KEY]", NULL, NULL, CLI_NAMES_MARKS},
    {"CHANNEL", NULL, NULL, CLI_NAMES_CHANNELS},
    {"NAME", "campaign", NULL, CLI_NAMES_CAMPAIGNS},
    {"NAME", "subscriber", NULL, CLI_NAMES_SUBSCRIBERS},
    {"ID", "alert show", NULL, CLI_NAMES_INCIDENTS},
    {"ID", "alert ack", NULL, CLI_NAMES_INCIDENTS},
    {"SERVICE", "call", "speech|script|telephony", 0},
    {"SHELL", NULL, "bash|zsh|fish", 0},
    {"WHEN", NULL, "auto|always|never", 0},
    {"LEAST", NULL, "info|warning|error|critical", 0},
    {"ROLE[,ROLE]", NULL, "publisher|subscriber|worker|caller|teller|admin", 0},
};

static void offer_meaning(const struct line *line, struct place place, struct rf_text *out,
                          struct cli_wanted *wanted) {
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (!is_bytes(meanings[i].place, place.text, place.size) ||
            (meanings[i].group != NULL && !begins(line->command->words, meanings[i].group)))
            continue;
        if (meanings[i].lists == NULL)
            wanted->names = meanings[i].names;
        else if (meanings[i].lists[0] == ':')
            rf_text_add(out, "%s\n", meanings[i].lists);
        else
            offer_alternatives(out, wanted, meanings[i].lists);
        return;
    }
    if (is_bytes("TOPIC", place.text, place.size) || is_bytes("BEGINNING", place.text, place.size))
        offer_events(out, wanted);
}

// Each part of "NAME|KEY|FILE"; one in small letters is meant as it stands.
static void offer_place(const struct line *line, struct place place, struct rf_text *out,
                        struct cli_wanted *wanted) {
    while (place.size > 0) {
        const char *end = memchr(place.text, '|', place.size);
        size_t size = end != NULL ? (size_t)(end - place.text) : place.size;
        char literal[32];
        if (place.text[0] >= 'a' && place.text[0] <= 'z' && size < sizeof literal) {
            memcpy(literal, place.text, size);
            literal[size] = '\0';
            offer_alternatives(out, wanted, literal);
        } else {
            offer_meaning(line, (struct place){place.text, size}, out, wanted);
        }
        size += end != NULL ? 1 : 0;
        place = (struct place){place.text + size, place.size - size};
    }
}

static void offer_value(const struct line *line, const char *option, size_t size,
                        struct rf_text *out, struct cli_wanted *wanted) {
    char name[32];
    if (is_bytes("config", option, size))
        rf_text_add(out, ":files\n");
    if (line->command == NULL || size >= sizeof name)
        return;
    memcpy(name, option, size);
    name[size] = '\0';
    struct place place = place_of(line->command, name, 0);
    if (strcmp(name, "campaign") == 0)
        wanted->names = CLI_NAMES_CAMPAIGNS;
    else if (strcmp(name, "channel") == 0)
        wanted->names = CLI_NAMES_CHANNELS;
    else if (strcmp(name, "service") == 0)
        wanted->names = CLI_NAMES_PROVIDERS;
    else if (strcmp(name, "name") != 0) // is given to what is new
        offer_place(line, place, out, wanted);
}

void cli_complete(const struct cli_command *commands, size_t count, const char *const *words,
                  size_t word_count, struct rf_text *out, struct cli_wanted *wanted) {
    struct line line = {.commands = commands, .count = count};
    const char *last = word_count > 0 ? words[word_count - 1] : "";
    *wanted = (struct cli_wanted){.begun = strcmp(last, "=") == 0 ? "" : last, .before = ""};
    if (word_count > 0)
        take_words(&line, words, word_count - 1, wanted);
    find_command(&line);
    size_t size = begins(last, "--") ? strcspn(last + 2, "=") : 0;
    if (line.value_of != NULL) {
        offer_value(&line, line.value_of, strlen(line.value_of), out, wanted);
    } else if (size > 0 && last[2 + size] == '=') {
        wanted->before = last;
        wanted->before_bytes = 2 + size + 1;
        wanted->begun = last + wanted->before_bytes;
        offer_value(&line, last + 2, size, out, wanted);
    } else if (last[0] == '-') {
        offer_options(&line, last, out);
    } else if (line.command == NULL && line.words < WORDS_MOST) {
        offer_commands(&line, last, out);
    } else if (line.command != NULL && !line.asks_help) {
        offer_place(&line, place_of(line.command, NULL, line.words - line.name_words), out, wanted);
    }
}

void cli_complete_name(const struct cli_wanted *wanted, const char *name, struct rf_text *out) {
    struct rf_text clean = {0};
    rf_text_add_clean(&clean, name, 1024);
    bool as_it_was = clean.data != NULL && strcmp(clean.data, name) == 0;
    rf_text_fini(&clean);
    if (!as_it_was || name[0] == ':' || name[0] == '\0' || !begins(name, wanted->begun))
        return;
    rf_text_add_bytes(out, wanted->before, wanted->before_bytes);
    rf_text_add(out, "%s\n", name);
}
