#include "runtime/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static void print_help(const struct rf_service *service) {
    printf("Usage: ringfence-%s [--config FILE]\n\n%s\n\n", service->name, service->summary);
    if (service->details != NULL)
        printf("%s\n\n", service->details);
    printf("  --config FILE  read this configuration; without it $RINGFENCE_CONFIG, else the\n"
           "                 defaults hold\n"
           "  --help         print this text\n"
           "  --version      print the version\n\n"
           "SIGTERM finishes what is in hand and ends; SIGINT, or a second SIGTERM, ends at once;\n"
           "SIGHUP reads the configuration again.\n");
}

enum rf_arguments_result rf_arguments_parse(const struct rf_service *service, int argc, char **argv,
                                            const char **config_file) {
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    *config_file = NULL;
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            *config_file = optarg;
            break;
        case 'h':
            print_help(service);
            return RF_ARGUMENTS_DONE;
        case 'v':
            printf("ringfence-%s %s\n", service->name, RF_VERSION);
            return RF_ARGUMENTS_DONE;
        default: // getopt has said what is wrong
            fprintf(stderr, "Try 'ringfence-%s --help'.\n", service->name);
            return RF_ARGUMENTS_WRONG;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "ringfence-%s: unexpected argument '%s'\nTry 'ringfence-%s --help'.\n",
                service->name, argv[optind], service->name);
        return RF_ARGUMENTS_WRONG;
    }
    const char *named = getenv("RINGFENCE_CONFIG");
    if (*config_file == NULL && named != NULL && named[0] != '\0')
        *config_file = named;
    return RF_ARGUMENTS_RUN;
}
