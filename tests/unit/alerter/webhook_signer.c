// What the alerter signs, for tests that verify it by other means:
//   webhook_signer SECRETS ID TIMESTAMP BODY
// says the value of webhook-signature, or ends with 1 and the error's words.
#include <stdio.h>
#include <stdlib.h>

#include "http/webhook_sign.h"

int main(int argc, char **argv) {
    char signature[RF_WEBHOOK_SIGNATURE_SIZE];
    struct rf_error error;
    if (argc != 5)
        return 2;
    if (rf_webhook_sign(argv[1], argv[2], strtoll(argv[3], NULL, 10), argv[4], signature, &error) !=
        RF_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    puts(signature);
    return 0;
}
