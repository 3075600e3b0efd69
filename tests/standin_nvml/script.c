/* What the files `errors` and `calls/` are for: answers that a test asks for, counted by call. */
#define _GNU_SOURCE
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAMED(code) {#code, code}
static const struct {
    const char *name;
    nvmlReturn_t code;
} CODES[] = {
    NAMED(NVML_SUCCESS),
    NAMED(NVML_ERROR_UNINITIALIZED),
    NAMED(NVML_ERROR_INVALID_ARGUMENT),
    NAMED(NVML_ERROR_NOT_SUPPORTED),
    NAMED(NVML_ERROR_NO_PERMISSION),
    NAMED(NVML_ERROR_NOT_FOUND),
    NAMED(NVML_ERROR_INSUFFICIENT_SIZE),
    NAMED(NVML_ERROR_DRIVER_NOT_LOADED),
    NAMED(NVML_ERROR_TIMEOUT),
    NAMED(NVML_ERROR_IRQ_ISSUE),
    NAMED(NVML_ERROR_LIBRARY_NOT_FOUND),
    NAMED(NVML_ERROR_FUNCTION_NOT_FOUND),
    NAMED(NVML_ERROR_CORRUPTED_INFOROM),
    NAMED(NVML_ERROR_GPU_IS_LOST),
    NAMED(NVML_ERROR_RESET_REQUIRED),
    NAMED(NVML_ERROR_OPERATING_SYSTEM),
    NAMED(NVML_ERROR_LIB_RM_VERSION_MISMATCH),
    NAMED(NVML_ERROR_IN_USE),
    NAMED(NVML_ERROR_MEMORY),
    NAMED(NVML_ERROR_NO_DATA),
    NAMED(NVML_ERROR_INSUFFICIENT_RESOURCES),
    NAMED(NVML_ERROR_ARGUMENT_VERSION_MISMATCH),
    NAMED(NVML_ERROR_DEPRECATED),
    NAMED(NVML_ERROR_NOT_READY),
    NAMED(NVML_ERROR_GPU_NOT_FOUND),
    NAMED(NVML_ERROR_INVALID_STATE),
    NAMED(NVML_ERROR_UNKNOWN),
};

const char *error_name(nvmlReturn_t code) {
    for (size_t i = 0; i < sizeof CODES / sizeof *CODES; i++)
        if (CODES[i].code == code) return CODES[i].name;
    return NULL;
}

static nvmlReturn_t error_code(const char *name) {
    for (size_t i = 0; i < sizeof CODES / sizeof *CODES; i++)
        if (strcmp(CODES[i].name, name) == 0) return CODES[i].code;
    broken("errors", name);
}

/* Which call this is, the first being 1, over all processes: each adds one byte to the file, and
 * an appending write leaves the offset behind what it wrote. */
static long ordinal(const char *function, const char *card) {
    char path[512];
    snprintf(path, sizeof path, "%s/calls/%s%s%s", state_folder(), function,
             *card ? "@" : "", card);
    int file = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0 || write(file, ".", 1) != 1) broken(path, strerror(errno));
    long position = (long)lseek(file, 0, SEEK_CUR);
    close(file);
    return position;
}

struct rule {
    char function[96], card[16], code[64];
    long from, to, hang_ms;
};

static struct rule rule_in(char *line) {
    struct rule rule = {.code = "NVML_SUCCESS", .from = 1, .to = 0x7fffffff};
    char *rest, *word = strtok_r(line, " ", &rest);
    if (word == NULL) broken("errors", "a line without a function");
    snprintf(rule.function, sizeof rule.function, "%s", word);
    while ((word = strtok_r(NULL, " ", &rest)) != NULL)
        if (sscanf(word, "card=%15s", rule.card) != 1 && sscanf(word, "code=%63s", rule.code) != 1 &&
            sscanf(word, "from=%ld", &rule.from) != 1 && sscanf(word, "to=%ld", &rule.to) != 1 &&
            sscanf(word, "hang_ms=%ld", &rule.hang_ms) != 1)
            broken("errors", word);
    return rule;
}

static void wait_for(long milliseconds) {
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

nvmlReturn_t scripted(const char *function, const char *card) {
    long of_all = ordinal(function, ""), of_card = *card ? ordinal(function, card) : 0;
    struct text rules;
    text_open(&rules, "errors");
    char *rest, *line = strtok_r(rules.data, "\n", &rest);
    for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        struct rule rule = rule_in(line);
        bool meant = strcmp(rule.function, function) == 0 &&
                     (*rule.card == '\0' || strcmp(rule.card, card) == 0);
        long call = *rule.card ? of_card : of_all;
        if (!meant || call < rule.from || call > rule.to) continue;
        wait_for(rule.hang_ms);
        return error_code(rule.code);
    }
    return NVML_SUCCESS;
}
