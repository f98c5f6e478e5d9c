// ringfence completion: the script by which a shell completes our command lines. The scripts know
// nothing of the commands: they ask this program, as it is installed, at each Tab.
#include "completion.h"

#include <stdio.h>
#include <string.h>

#include <ringfence/error.h>

#include "complete_names.h"
#include "config_file.h"
#include "session.h"

// Within a word that begins with a quotation mark readline puts the second one; else names are
// quoted here.
static const char bash_script[] =
    "# bash completion for ringfence, made by \"ringfence completion bash\"\n"
    "_ringfence() {\n"
    "    local begun=${COMP_WORDS[COMP_CWORD]} quote= line\n"
    "    local -a before=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
    "    before=(\"${before[@]//[\\\\\\'\\\"]/}\")\n"
    "    case $begun in\n"
    "    [\\'\\\"]*) quote=${begun:0:1} begun=${begun:1} ;;\n"
    "    *) begun=${begun//\\\\/} ;;\n"
    "    esac\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        line=${line%%$'\\t'*}\n"
    "        case $line in\n"
    "        :files | :folders)\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            [ \"$line\" = :files ] && line=-f || line=-d\n"
    "            [ \"$begun\" = = ] && begun=\n"
    "            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen \"$line\" -- \"$begun\")\n"
    "            ;;\n"
    "        *)\n"
    "            [ -n \"$quote\" ] || printf -v line %q \"$line\"\n"
    "            COMPREPLY+=(\"$line\")\n"
    "            ;;\n"
    "        esac\n"
    "    done < <(\"${COMP_WORDS[0]/#\\~/$HOME}\" " CLI_COMPLETE_WORD
    " \"${before[@]}\" \"$begun\" 2>/dev/null)\n"
    "}\n"
    "complete -F _ringfence ringfence\n";

static const char zsh_script[] =
    "#compdef ringfence\n"
    "# zsh completion for ringfence, made by \"ringfence completion zsh\"\n"
    "_ringfence() {\n"
    "    local line word files=\n"
    "    local -a shown\n"
    "    while IFS= read -r line; do\n"
    "        word=${line%%$'\\t'*}\n"
    "        case $line in\n"
    "        :files) files=all ;;\n"
    "        :folders) files=folders ;;\n"
    "        *$'\\t'*) shown+=(\"${word//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "        *) shown+=(\"${word//:/\\\\:}\") ;;\n"
    "        esac\n"
    "    done < <(\"${(Q)words[1]/#\\~/$HOME}\" " CLI_COMPLETE_WORD
    " \"${(@Q)words[2,CURRENT-1]}\" \"${(Q)PREFIX}\" 2>/dev/null)\n"
    "    (( ${#shown} )) && _describe -V ringfence shown\n"
    "    [[ $files = folders ]] && _files -/\n"
    "    [[ $files = all ]] && _files\n"
    "    (( compstate[nmatches] ))\n"
    "}\n"
    "if [[ $funcstack[1] = _ringfence ]]; then\n"
    "    _ringfence \"$@\"\n"
    "else\n"
    "    compdef _ringfence ringfence\n"
    "fi\n";

static const char fish_script[] =
    "# fish completion for ringfence, made by \"ringfence completion fish\"\n"
    "function __ringfence_complete\n"
    "    set -l words (commandline --current-process --tokenize --cut-at-cursor)\n"
    "    set -l begun (commandline --current-token --cut-at-cursor | string unescape)\n"
    "    set -l program (string replace --regex '^~' $HOME -- $words[1])\n"
    "    set --erase words[1]\n"
    "    for line in ($program " CLI_COMPLETE_WORD " $words \"$begun\" 2>/dev/null)\n"
    "        switch $line\n"
    "            case ':files'\n"
    "                __fish_complete_path $begun\n"
    "            case ':folders'\n"
    "                __fish_complete_directories $begun\n"
    "            case '*'\n"
    "                printf '%s\\n' $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete --command ringfence --no-files --keep-order --arguments '(__ringfence_complete)'\n";

int cli_completion(const struct cli_options *options) {
    static const struct {
        const char *shell, *script;
    } scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    struct rf_error error = {0};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        if (strcmp(options->arguments[0], scripts[i].shell) == 0) {
            fputs(scripts[i].script, stdout);
            return CLI_OK;
        }
    (void)!rf_error_set(&error, RF_ERR_INVALID,
                        "there is no completion for \"%s\"; expected bash, zsh or fish",
                        options->arguments[0]);
    return cli_usage(&error);
}

int cli_completion_ask(const struct cli_command *commands, size_t count, const char *const *words,
                       size_t word_count) {
    struct rf_text text = {0};
    struct cli_wanted wanted;
    if (freopen("/dev/null", "w", stderr) == NULL)
        return CLI_FAILED; // a word here would stand in the middle of the line that is written
    cli_complete(commands, count, words, word_count, &text, &wanted);
    wanted.config = cli_config_file_take(wanted.config);
    cli_complete_names(&wanted, &text);
    cli_print_text(&text);
    return CLI_OK;
}
