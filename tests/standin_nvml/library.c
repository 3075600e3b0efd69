/* The library itself, and which devices it knows. */
#define _GNU_SOURCE
#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

nvmlReturn_t nvmlInitWithFlags(unsigned int flags) {
    (void)flags;
    if (state_folder() == NULL) return NVML_ERROR_DRIVER_NOT_LOADED;
    GO_ON_AFTER(scripted(__func__, ""));
    session_opened();
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlInit_v2(void) {
    return nvmlInitWithFlags(0);
}

nvmlReturn_t nvmlShutdown(void) {
    BEGIN();
    session_closed();
    return NVML_SUCCESS;
}

const char *nvmlErrorString(nvmlReturn_t result) {
    const char *name = error_name(result);
    return name == NULL ? "Unknown Error" : name;
}

static nvmlReturn_t driver_fact(const char *key, const char *otherwise, char *out, size_t size) {
    struct text driver;
    char value[128];
    if (!text_open(&driver, "driver") || !text_get(&driver, key, value, sizeof value))
        return copy(otherwise, out, size);
    return copy(value, out, size);
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length) {
    BEGIN();
    return driver_fact("version", "580.95.05", version, length);
}

nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned int length) {
    BEGIN();
    return driver_fact("nvml", "13.580.95.05", version, length);
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version) {
    BEGIN();
    char value[16];
    GO_ON_AFTER(driver_fact("cuda", "13000", value, sizeof value));
    *version = atoi(value);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version) {
    BEGIN();
    return nvmlSystemGetCudaDriverVersion_v2(version);
}

nvmlReturn_t nvmlSystemGetProcessName(unsigned int pid, char *name, unsigned int length) {
    BEGIN();
    struct card card;
    struct holder holders[MAX_HOLDERS];
    for (int index = 0; card_open(&card, index, WHOLE_CARD); index++)
        for (size_t i = card_holders(&card, holders); i > 0; i--)
            if ((unsigned int)holders[i - 1].pid == pid && *holders[i - 1].name != '\0')
                return copy(holders[i - 1].name, name, length);
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/%u/exe", pid);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return NVML_ERROR_NOT_FOUND;
    path[size] = '\0';
    return copy(path, name, length);
}

/* Which devices there are */

static bool card_named(struct card *card, const char *uuid) {
    char found[NVML_DEVICE_UUID_V2_BUFFER_SIZE];
    return text_get(&card->text, "uuid", found, sizeof found) && strcmp(found, uuid) == 0;
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count) {
    BEGIN();
    struct card card;
    for (*count = 0; card_open(&card, (int)*count, WHOLE_CARD);) ++*count;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
    BEGIN();
    struct card card;
    if (!card_open(&card, (int)index, WHOLE_CARD)) return NVML_ERROR_INVALID_ARGUMENT;
    *device = handle_of((int)index, WHOLE_CARD);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device) {
    BEGIN();
    struct card card;
    if (uuid == NULL) return NVML_ERROR_INVALID_ARGUMENT;
    for (int index = 0; card_open(&card, index, WHOLE_CARD); index++)
        for (int slice = WHOLE_CARD; slice < MAX_SLICES; slice++)
            if (card_open(&card, index, slice) && card_named(&card, uuid)) {
                *device = handle_of(index, slice);
                return NVML_SUCCESS;
            }
    return NVML_ERROR_NOT_FOUND;
}

nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *id, nvmlDevice_t *device) {
    BEGIN();
    struct card card;
    struct pci wanted, found;
    if (id == NULL || !pci_read(id, &wanted)) return NVML_ERROR_INVALID_ARGUMENT;
    for (int index = 0; card_open(&card, index, WHOLE_CARD); index++) {
        found = pci_of(&card);
        if (memcmp(&found, &wanted, sizeof found) != 0) continue;
        *device = handle_of(index, WHOLE_CARD);
        return NVML_SUCCESS;
    }
    return NVML_ERROR_NOT_FOUND;
}
