#define _GNU_SOURCE
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *state_folder(void) {
    // Where a container has the machine that was mounted into it.
    static const char *const mounted = "/opt/ops002-standin";
    const char *given = getenv("OPS002_STANDIN");
    if (given != NULL) return given;
    return access(mounted, F_OK) == 0 ? mounted : NULL;
}

_Noreturn void broken(const char *path, const char *what) {
    fprintf(stderr, "standin_nvml: %s: %s\n", path, what);
    abort();
}

static int path_in_state(char *path, size_t size, const char *format, va_list arguments) {
    int length = snprintf(path, size, "%s/", state_folder());
    return vsnprintf(path + length, size - (size_t)length, format, arguments);
}

bool text_open(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    path_in_state(text->path, sizeof text->path, format, arguments);
    va_end(arguments);
    int file = open(text->path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        if (errno != ENOENT && errno != ENOTDIR) broken(text->path, strerror(errno));
        text->data[0] = '\0';
        return false;
    }
    ssize_t length = read(file, text->data, sizeof text->data);
    close(file);
    if (length < 0 || length == sizeof text->data) broken(text->path, "unreadable or too long");
    text->data[length] = '\0';
    return true;
}

bool text_get(const struct text *text, const char *key, char *value, size_t size) {
    size_t key_length = strlen(key);
    const char *line = text->data;
    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        if (length > key_length && strncmp(line, key, key_length) == 0 && line[key_length] == ' ') {
            size_t rest = length - key_length - 1;
            if (rest >= size) broken(text->path, key);
            memcpy(value, line + key_length + 1, rest);
            value[rest] = '\0';
            return true;
        }
        line += length + (line[length] == '\n');
    }
    return false;
}

unsigned long long text_number(const struct text *text, const char *key,
                               unsigned long long otherwise) {
    char value[32], *end;
    if (!text_get(text, key, value, sizeof value)) return otherwise;
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || *value == '-') broken(text->path, key);
    return number;
}

/* A holder whose folder bears the caller's own name lives, and its lock file must not be touched:
 * a process loses its locks on a file by closing any descriptor of it. */
static bool is_callers_own(const char *id) {
    struct stat namespace;
    char own[64];
    if (stat("/proc/self/ns/pid", &namespace) != 0) namespace.st_ino = 0;
    snprintf(own, sizeof own, "%lu-%d-", (unsigned long)namespace.st_ino, getpid());
    return strncmp(id, own, strlen(own)) == 0;
}

/* A process lives while its lock is held: the kernel drops it at the death of its owner, SIGKILL
 * included, and tells the owner's PID as the caller's PID namespace has it, 0 where it has none. */
static bool holds_lock(const struct text *holder, pid_t *pid) {
    char path[sizeof holder->path + 8];
    snprintf(path, sizeof path, "%.*slock", (int)(strlen(holder->path) - strlen("holder")),
             holder->path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    int failed = fcntl(file, F_GETLK, &lock);
    close(file);
    if (failed) broken(path, strerror(errno));
    if (lock.l_type != F_UNLCK) *pid = lock.l_pid;
    return lock.l_type != F_UNLCK;
}

/* Whether the bytes of a process that has ended still count: the time runs from the first reading
 * that finds it gone, which leaves the file `ended`. */
static bool is_late(const struct text *holder, unsigned long long linger_ms) {
    if (linger_ms == 0) return false;
    char path[sizeof holder->path + 8];
    snprintf(path, sizeof path, "%.*sended", (int)(strlen(holder->path) - strlen("holder")),
             holder->path);
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    struct stat ended;
    struct timespec now;
    if (file < 0 || fstat(file, &ended) != 0) broken(path, strerror(errno));
    close(file);
    clock_gettime(CLOCK_REALTIME, &now);
    long long passed_ms = (now.tv_sec - ended.st_mtim.tv_sec) * 1000LL +
                          (now.tv_nsec - ended.st_mtim.tv_nsec) / 1000000;
    return passed_ms < (long long)linger_ms;
}

static bool is_on(const struct card *card, const struct text *text, int *slice) {
    char value[32], end;
    int index;
    if (!text_get(text, "card", value, sizeof value)) broken(text->path, "no card");
    *slice = WHOLE_CARD;
    if (sscanf(value, "%d.%d%c", &index, slice, &end) > 2) broken(text->path, "card");
    return index == card->index && (card->slice == WHOLE_CARD || card->slice == *slice);
}

/* What the process list tells of a holder, by its own file or by its card's. */
static void conceal(struct holder *holder, const struct text *text) {
    char word[32];
    if (!text_get(text, "processes", word, sizeof word)) return;
    if (strcmp(word, "hidden") == 0)
        holder->pid = 0;
    else if (strcmp(word, "unavailable") == 0)
        holder->told = (unsigned long long)NVML_VALUE_NOT_AVAILABLE;
    else if (strcmp(word, "listed") != 0)
        broken(text->path, word);
}

/* One holder's part of the card; false if it has none, or none any more. */
static bool holder_open(const struct card *card, const char *id, struct holder *holder) {
    struct text text;
    if (!text_open(&text, "holders/%s/holder", id) || !is_on(card, &text, &holder->slice))
        return false;
    bool tenant = text_number(&text, "tenant", 0);
    holder->pid = getpid();
    bool alive = tenant || is_callers_own(id) || holds_lock(&text, &holder->pid);
    if (!alive && !is_late(&text, text_number(&card->text, "linger_ms", 0))) return false;
    holder->bytes = text_number(&text, "bytes", 0);
    holder->told = text_number(&text, "told", holder->bytes);
    holder->pid = (pid_t)text_number(&text, "pid", (unsigned long long)holder->pid);
    if (!text_get(&text, "kind", holder->kind, sizeof holder->kind)) strcpy(holder->kind, "compute");
    if (!text_get(&text, "name", holder->name, sizeof holder->name)) holder->name[0] = '\0';
    if (!alive) holder->pid = 0;
    conceal(holder, &text);
    conceal(holder, &card->text);
    return true;
}

size_t card_holders(const struct card *card, struct holder holders[MAX_HOLDERS]) {
    char path[512];
    snprintf(path, sizeof path, "%s/holders", state_folder());
    DIR *folder = opendir(path);
    if (folder == NULL) broken(path, strerror(errno));
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        if (count == MAX_HOLDERS) broken(path, "too many");
        count += holder_open(card, entry->d_name, &holders[count]);
    }
    closedir(folder);
    return count;
}

bool card_open(struct card *card, int index, int slice) {
    card->index = index;
    card->slice = slice;
    if (slice == WHOLE_CARD) return text_open(&card->text, "cards/%d", index);
    return text_open(&card->text, "cards/%d.%d", index, slice);
}

unsigned long long card_allocated(const struct card *card) {
    struct holder holders[MAX_HOLDERS];
    unsigned long long bytes = text_number(&card->text, "base", 0);
    for (size_t count = card_holders(card, holders); count > 0; count--)
        bytes += holders[count - 1].bytes;
    struct card slice;
    for (int i = 0; card->slice == WHOLE_CARD && i < MAX_SLICES; i++)
        if (card_open(&slice, card->index, i)) bytes += text_number(&slice.text, "base", 0);
    return bytes;
}
