#include "help.h"

#include <string.h>

#include "commands.h"
#include "config_file.h"
#include "options.h"

static void print_command(FILE *out, const struct cli_command *command) {
    fprintf(out, "  %s%s%s%s\n        %s\n", command->words, command->usage[0] != '\0' ? " " : "",
            command->usage, cli_json_usage(command), command->summary);
}

static bool is_wanted(const struct cli_options *options, const char *words) {
    size_t size = options->group == NULL ? 0 : strlen(options->group);
    if (options->command != NULL)
        return strcmp(options->command->words, words) == 0;
    return size == 0 || (strncmp(words, options->group, size) == 0 && words[size] == ' ');
}

static void print_examples(FILE *out, const struct cli_command *command) {
    const char *at = command->examples;
    do {
        int length = (int)strcspn(at, "\n");
        fprintf(out, "    ringfence %s%s%.*s\n", command->words, length > 0 ? " " : "", length, at);
        at += length + (at[length] != '\0' ? 1 : 0);
    } while (*at != '\0');
}

void cli_help_print(FILE *out, const struct cli_options *options) {
    fprintf(out, "usage: ringfence [--config FILE] [--timeout TIME] COMMAND [ARGUMENT]...\n\n");
    for (size_t i = 0; i < cli_command_count; i++)
        if (is_wanted(options, cli_commands[i].words))
            print_command(out, &cli_commands[i]);
    bool of_all = options->command == NULL && options->group == NULL; // which is long without
    fputs(of_all ? "" : "\n  for example\n", out);
    for (size_t i = 0; !of_all && i < cli_command_count; i++)
        if (is_wanted(options, cli_commands[i].words))
            print_examples(out, &cli_commands[i]);
    fprintf(out, "\n"
                 "  --config FILE   the set's configuration; without it $RINGFENCE_CONFIG, else\n"
                 "                  " CLI_INSTALLED_CONFIG " if it is there, else the defaults\n"
                 "  --timeout TIME  how long to wait for the broker and for answers (default 10s)\n"
                 "  --json          one JSON value, or one a line, for programs; also what is "
                 "told on\n"
                 "                  standard error\n"
                 "  --help, --version\n\n"
                 "exit codes: 0 done; 1 failed; 2 wrong arguments; 3 the campaign ended, but "
                 "contacts were\n"
                 "set aside or lines refused; 11 to 18 the class of a call's failure; 78 bad "
                 "configuration;\n130 interrupted\n");
}
