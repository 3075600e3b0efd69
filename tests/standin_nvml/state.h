/* The state of the stand-in driver: a folder of small text files, read anew at every call.
 * README.md beside this file says what stands in it. Nothing here is cached. */
#pragma once

#define NVML_NO_UNVERSIONED_FUNC_DEFS
/* Only what the header declares can be seen from outside. */
#pragma GCC visibility push(default)
#include <nvml.h>
#pragma GCC visibility pop
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { MAX_HOLDERS = 256, MAX_SLICES = 7, WHOLE_CARD = -1 };

/* A file of lines `key value`, as it was when it was opened. */
struct text {
    char data[8192];
    char path[512];
};

struct card {
    int index;
    int slice; /* of MIG; WHOLE_CARD otherwise */
    struct text text;
};

/* Somebody's bytes on a card. */
struct holder {
    pid_t pid; /* as the caller's PID namespace has it; 0 if it can't be seen there, or has ended */
    int slice;
    unsigned long long bytes; /* counted in what is used */
    unsigned long long told;  /* told for its process; NVML_VALUE_NOT_AVAILABLE if it isn't */
    char kind[16];            /* compute, graphics or mps */
    char name[256];
};

/* The file's text; false if there is no such file. */
bool text_open(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The rest of the line that starts with `key`; false if there is none. */
bool text_get(const struct text *text, const char *key, char *value, size_t size);
unsigned long long text_number(const struct text *text, const char *key,
                               unsigned long long otherwise);

bool card_open(struct card *card, int index, int slice);
/* Whoever has bytes on the card (or on one of its slices); how many there are. */
size_t card_holders(const struct card *card, struct holder holders[MAX_HOLDERS]);
/* Bytes in use beyond the reserved ones: held, late to be released, or nobody's. */
unsigned long long card_allocated(const struct card *card);

/* Counts the call, then answers as the file `errors` says: NVML_SUCCESS lets it go on. */
nvmlReturn_t scripted(const char *function, const char *card);
/* `NVML_ERROR_...`; NULL for a number that stands for none. */
const char *error_name(nvmlReturn_t code);

/* Ends the process: a test's mistake must not look like something a driver does. */
// Where the machine is written down; NULL where there is none.
const char *state_folder(void);

_Noreturn void broken(const char *path, const char *what);
