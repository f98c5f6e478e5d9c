#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slips.h"
#include "config/value.h"

// 1 is what getopt returns for a word.
enum { OPTION_CONFIG = 2, OPTION_TIMEOUT, OPTION_HELP, OPTION_VERSION, OPTION_OWN = 256 };

static const struct option long_options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
#define X(id, name, has_value)                                                                     \
    {name,                                                                                         \
     CLI_##id == CLI_WATCH ? optional_argument                                                     \
     : (has_value)         ? required_argument                                                     \
                           : no_argument,                                                                  \
     NULL, OPTION_OWN + CLI_##id},
    CLI_OWN_OPTIONS(X)
#undef X
        {NULL, 0, NULL, 0},
};

static const char *const own_names[CLI_OWN_COUNT] = {
#define X(id, name, has_value) [CLI_##id] = (name),
    CLI_OWN_OPTIONS(X)
#undef X
};

enum rf_err cli_duration_read(const char *option, const char *text, struct rf_duration *duration,
                              struct rf_error *error) {
    static const struct rf_config_row row = {
        .type = RF_CONFIG_DURATION, .least = 1e6, .most = 24 * 3600e9};
    struct rf_config_source source = {.quoted = text};
    enum rf_err err = rf_config_value_set(&row, text, &source, duration, error);
    if (err == RF_OK)
        return RF_OK;
    rf_error_prefix(error, "%s: ", option);
    return RF_ERR_INVALID;
}

// An empty one would be the root, or nothing, where a script's variable has no value.
static bool is_path(int own) {
    return own == CLI_OUT || own == CLI_REJECTS || own == CLI_SETTINGS || own == CLI_STATE_DIR ||
           own == CLI_RUN_DIR;
}

static enum rf_err take_option(struct cli_options *options, int option, char **argv,
                               struct rf_error *error) {
    if (option >= OPTION_OWN && option < OPTION_OWN + CLI_OWN_COUNT) {
        const char *value = optarg != NULL ? optarg : "";
        options->own[option - OPTION_OWN] = value;
        if (is_path(option - OPTION_OWN) && value[0] == '\0')
            return rf_error_set(error, RF_ERR_INVALID, "--%s: the name is empty",
                                own_names[option - OPTION_OWN]);
        if (option - OPTION_OWN != CLI_MAP)
            return RF_OK;
        if (options->mapped_count == CLI_MAX_MAPPED)
            return rf_error_set(error, RF_ERR_INVALID, "--map: at most %d of them", CLI_MAX_MAPPED);
        options->mapped[options->mapped_count++] = optarg;
        return RF_OK;
    }
    switch (option) {
    case 'f':
        options->own[CLI_FOLLOW] = "";
        return RF_OK;
    case 'n':
        options->own[CLI_LAST] = optarg;
        return RF_OK;
    case OPTION_CONFIG:
        options->config = optarg;
        return RF_OK;
    case OPTION_TIMEOUT:
        return cli_duration_read("--timeout", optarg, &options->timeout, error);
    case OPTION_HELP:
        options->help = true;
        return RF_OK;
    case OPTION_VERSION:
        options->version = true;
        return RF_OK;
    case ':':
        return rf_error_set(error, RF_ERR_INVALID, "%s needs a value", argv[optind - 1]);
    default:
        // Of a cluster such as -10 getopt has not moved on yet, so its letter is named.
        if (optopt > ' ' && optopt < 0x7f)
            return rf_error_set(error, RF_ERR_INVALID, "unknown option -%c", optopt);
        return rf_error_set(error, RF_ERR_INVALID, "unknown option %s", argv[optind - 1]);
    }
}

// Words come one by one, in their order. A number below zero is one, such as the priority -5: the
// digits are letters of options to getopt, each with the rest of its word as a value.
// -f and -n are what tail(1) has them for.
#define LETTERS "-:fn:0::1::2::3::4::5::6::7::8::9::"

struct words {
    char **items;
    size_t count;
    const char *number; // the first one below zero; NULL: there is none
};

static bool digit(int option) {
    return option >= '0' && option <= '9';
}

// Takes a digit's whole word; false if it is no number.
static bool take_number(char **argv, struct words *words) {
    char *word = optarg != NULL ? optarg - 2 : argv[optind - 1];
    size_t length = strlen(word);
    if (word[0] != '-' || strspn(word + 1, "0123456789") != length - 1)
        return false;
    words->items[words->count++] = word;
    words->number = words->number != NULL ? words->number : word;
    return true;
}

// A time as the word behind --watch is its value: nothing that a command names looks like one.
static void take_interval(struct cli_options *options, int argc, char **argv) {
    struct rf_duration interval;
    struct rf_error error;
    if (options->own[CLI_WATCH][0] == '\0' && optind < argc && digit(argv[optind][0]) &&
        cli_duration_read("--watch", argv[optind], &interval, &error) == RF_OK)
        options->own[CLI_WATCH] = argv[optind++];
}

// Takes the command line apart into options and words.
static enum rf_err take_all(int argc, char **argv, struct cli_options *options, struct words *words,
                            struct rf_error *error) {
    int option;
    enum rf_err err = RF_OK;
    optind = 0; // glibc: begin anew
    opterr = 0;
    while (err == RF_OK && (option = getopt_long(argc, argv, LETTERS, long_options, NULL)) != -1) {
        if (option == 1)
            words->items[words->count++] = optarg;
        else if (!digit(option))
            err = take_option(options, option, argv, error);
        else if (!take_number(argv, words))
            err = rf_error_set(error, RF_ERR_INVALID, "unknown option -%c", option);
        if (option == OPTION_OWN + CLI_WATCH)
            take_interval(options, argc, argv);
    }
    while (optind < argc)
        words->items[words->count++] = argv[optind++];
    return err;
}

const char *cli_json_usage(const struct cli_command *command) {
    return (command->takes & CLI_TAKES(JSON)) != 0 ? " [--json]" : "";
}

// How many of the words the command's name takes up; 0 if they do not begin with it.
static size_t words_matched(const struct cli_command *command, char *const *words, size_t count) {
    size_t matched = 0;
    for (const char *at = command->words; *at != '\0'; matched++) {
        size_t length = strcspn(at, " ");
        if (matched == count || strlen(words[matched]) != length ||
            strncmp(words[matched], at, length) != 0)
            return 0;
        at += length;
        at += *at == ' ' ? 1 : 0;
    }
    return matched;
}

// The first command of several words that begins with `word`, or NULL.
static const struct cli_command *group_of(const struct cli_command *commands, size_t count,
                                          const char *word) {
    size_t length = strlen(word);
    for (size_t i = 0; i < count; i++)
        if (strncmp(commands[i].words, word, length) == 0 && commands[i].words[length] == ' ')
            return &commands[i];
    return NULL;
}

// The usage in one line.
static const char *usage_of(const struct cli_command *command, char *out, size_t size) {
    size_t used = 0;
    for (const char *at = command->usage; *at != '\0' && used + 1 < size; at++)
        if (*at != '\n' && (*at != ' ' || used == 0 || out[used - 1] != ' '))
            out[used++] = *at;
        else if (*at == '\n' && used > 0 && out[used - 1] != ' ')
            out[used++] = ' ';
    out[used] = '\0';
    return out;
}

// The command that the words most likely mean, by their first two at most; NULL: none is near.
static const struct cli_command *nearest(const struct cli_command *commands, size_t command_count,
                                         char *const *words, size_t count) {
    const struct cli_command *found = NULL;
    size_t best = 0;
    for (size_t i = 0; i < command_count; i++) {
        const char *name = commands[i].words, *second = strchr(name, ' ');
        char written[2 * RF_SLIPS_MOST];
        if (second != NULL && count < 2)
            continue;
        snprintf(written, sizeof written, "%.40s%s%.40s", words[0], second != NULL ? " " : "",
                 second != NULL ? words[1] : "");
        size_t slips = rf_slips(written, strlen(written), name, strlen(name));
        if (slips <= 1 + strlen(name) / 8 && (found == NULL || slips < best)) {
            found = &commands[i];
            best = slips;
        }
    }
    return found;
}

static enum rf_err unknown_command(const struct cli_command *commands, size_t command_count,
                                   char *const *words, size_t count, struct rf_error *error) {
    const struct cli_command *meant = nearest(commands, command_count, words, count);
    return rf_error_set(error, RF_ERR_INVALID, "unknown command \"%s%s%s\"%s%s%s", words[0],
                        count > 1 ? " " : "", count > 1 ? words[1] : "",
                        meant != NULL ? "; did you mean \"" : "", meant != NULL ? meant->words : "",
                        meant != NULL ? "\"?" : "");
}

static enum rf_err find_command(const struct cli_command *commands, size_t command_count,
                                char *const *words, size_t count, struct cli_options *options,
                                struct rf_error *error) {
    size_t best = 0;
    for (size_t i = 0; i < command_count; i++) {
        size_t matched = words_matched(&commands[i], words, count);
        if (matched > best) {
            best = matched;
            options->command = &commands[i];
        }
    }
    if (best == 0 && count == 0)
        return rf_error_set(error, RF_ERR_INVALID, "a command is missing");
    const struct cli_command *group =
        count == 1 ? group_of(commands, command_count, words[0]) : NULL;
    if (best == 0 && group != NULL)
        return rf_error_set(error, RF_ERR_INVALID, "\"%s\" wants a further word, such as \"%s\"",
                            words[0], group->words);
    if (best == 0)
        return unknown_command(commands, command_count, words, count, error);
    const struct cli_command *command = options->command;
    size_t arguments = count - best;
    char usage[256];
    if (arguments < command->least || arguments > command->most)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s: too %s arguments; usage: ringfence %s%s%s%s", command->words,
                            arguments < command->least ? "few" : "many", command->words,
                            command->usage[0] != '\0' ? " " : "",
                            usage_of(command, usage, sizeof usage), cli_json_usage(command));
    for (size_t i = 0; i < arguments; i++) {
        // A variable of a script that has no value: as a folder it would be the root.
        if (words[best + i][0] == '\0')
            return rf_error_set(error, RF_ERR_INVALID,
                                "%s: argument %zu is empty; usage: ringfence %s %s%s",
                                command->words, i + 1, command->words,
                                usage_of(command, usage, sizeof usage), cli_json_usage(command));
        options->arguments[i] = words[best + i];
    }
    options->count = arguments;
    options->json = options->own[CLI_JSON] != NULL;
    for (int i = 0; i < CLI_OWN_COUNT; i++)
        if (options->own[i] != NULL && (command->takes & (UINT64_C(1) << i)) == 0)
            return rf_error_set(error, RF_ERR_INVALID, "%s: there is no option --%s",
                                command->words, own_names[i]);
    return RF_OK;
}

static bool is_group(const struct cli_command *commands, size_t count, const char *word) {
    size_t size = strlen(word);
    for (size_t i = 0; i < count; i++)
        if (strncmp(commands[i].words, word, size) == 0 && commands[i].words[size] == ' ')
            return true;
    return false;
}

enum rf_err cli_options_parse(const struct cli_command *commands, size_t count, int argc,
                              char **argv, struct cli_options *options, struct rf_error *error) {
    memset(options, 0, sizeof *options);
    options->timeout = CLI_DEFAULT_TIMEOUT;
    struct words words = {.items = calloc((size_t)argc + 1, sizeof *words.items)};
    if (words.items == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err err = take_all(argc, argv, options, &words, error);
    // "help" and "help COMMAND" as other programs have them.
    if (err == RF_OK && words.count > 0 && strcmp(words.items[0], "help") == 0) {
        options->help = true;
        memmove(words.items, words.items + 1, --words.count * sizeof *words.items);
    }
    if (err == RF_OK && !options->version) {
        err = find_command(commands, count, words.items, words.count, options, error);
        const struct cli_command *command = options->command;
        if (words.number != NULL &&
            (command == NULL || (command->takes & CLI_TAKES_BELOW_ZERO) == 0))
            err = rf_error_set(error, RF_ERR_INVALID, "unknown option %s", words.number);
        if (options->help && command == NULL && words.count > 0 &&
            is_group(commands, count, words.items[0]))
            options->group = words.items[0];
        err = options->help ? RF_OK : err;
    }
    free(words.items);
    return err;
}
