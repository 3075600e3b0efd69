#include "api.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static atomic_int sessions;

nvmlDevice_t handle_of(int index, int slice) {
    return (nvmlDevice_t)(uintptr_t)((index + 1) << 8 | (slice + 1));
}

static void split(nvmlDevice_t handle, int *index, int *slice) {
    *index = (int)((uintptr_t)handle >> 8) - 1;
    *slice = (int)((uintptr_t)handle & 0xff) - 1;
}

void session_opened(void) {
    sessions++;
}

void session_closed(void) {
    sessions--;
}

nvmlReturn_t begin(const char *function) {
    if (sessions == 0) return NVML_ERROR_UNINITIALIZED;
    return scripted(function, "");
}

nvmlReturn_t begin_on(const char *function, nvmlDevice_t handle, struct card *card) {
    int index, slice;
    char name[24];
    if (sessions == 0) return NVML_ERROR_UNINITIALIZED;
    if (handle == NULL) return NVML_ERROR_INVALID_ARGUMENT;
    split(handle, &index, &slice);
    snprintf(name, sizeof name, slice == WHOLE_CARD ? "%d" : "%d.%d", index, slice);
    nvmlReturn_t answer = scripted(function, name);
    if (answer != NVML_SUCCESS) return answer;
    if (card_open(card, index, slice)) return NVML_SUCCESS;
    return slice == WHOLE_CARD ? NVML_ERROR_GPU_IS_LOST : NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t begin_on_whole(const char *function, nvmlDevice_t handle, struct card *card) {
    nvmlReturn_t answer = begin_on(function, handle, card);
    if (answer == NVML_SUCCESS && card->slice != WHOLE_CARD) return NVML_ERROR_INVALID_ARGUMENT;
    return answer;
}

nvmlReturn_t copy(const char *value, char *out, size_t size) {
    if (out == NULL) return NVML_ERROR_INVALID_ARGUMENT;
    if (strlen(value) >= size) return NVML_ERROR_INSUFFICIENT_SIZE;
    strcpy(out, value);
    return NVML_SUCCESS;
}

nvmlReturn_t copy_of(const struct text *text, const char *key, char *out, size_t size) {
    char value[128];
    if (!text_get(text, key, value, sizeof value)) return NVML_ERROR_NOT_SUPPORTED;
    return copy(value, out, size);
}

nvmlReturn_t number_of(const struct card *card, const char *key, unsigned int *out) {
    char value[32];
    if (out == NULL) return NVML_ERROR_INVALID_ARGUMENT;
    if (!text_get(&card->text, key, value, sizeof value)) return NVML_ERROR_NOT_SUPPORTED;
    *out = (unsigned int)text_number(&card->text, key, 0);
    return NVML_SUCCESS;
}

bool pci_read(const char *text, struct pci *pci) {
    char end;
    *pci = (struct pci){0};
    int parts = sscanf(text, "%x:%x:%x.%x%c", &pci->domain, &pci->bus, &pci->device,
                       &pci->function, &end);
    if (parts == 3 || parts == 4) return true;
    *pci = (struct pci){0};
    return sscanf(text, "%x:%x.%x%c", &pci->bus, &pci->device, &pci->function, &end) == 3;
}

struct pci pci_of(const struct card *card) {
    char bus[32];
    struct pci pci;
    if (!text_get(&card->text, "bus", bus, sizeof bus) || !pci_read(bus, &pci))
        broken(card->text.path, "bus");
    return pci;
}
