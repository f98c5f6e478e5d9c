// Which configuration a command line means.
#ifndef RF_CLI_CONFIG_FILE_H
#define RF_CLI_CONFIG_FILE_H

// Where the package's units read it.
#define CLI_INSTALLED_CONFIG "/etc/ringfence/ringfence.yaml"

// cli_config_file_find: `given` (--config), else `variable` ($RINGFENCE_CONFIG; NULL or "": none),
// else `installed` if there is such a file or this user may not know, else NULL: the defaults. What
// it returns is one of its arguments. The working folder is never looked in: with a list of
// contacts somebody else's configuration may come, which would decide where secrets go.
const char *cli_config_file_find(const char *given, const char *variable, const char *installed);

// cli_config_file_take: the same of this process, with CLI_INSTALLED_CONFIG. If it is that one, the
// folders that it does not name are those that the units give it: sets XDG_RUNTIME_DIR and
// XDG_STATE_HOME. Before the first thread.
const char *cli_config_file_take(const char *given);

#endif
