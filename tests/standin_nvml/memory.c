/* A device's memory, and whose that is. */
#include "api.h"

#include <string.h>

static unsigned long long beside(unsigned long long total, unsigned long long used) {
    return total > used ? total - used : 0;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
    struct card card;
    BEGIN_ON(device, &card);
    memory->total = text_number(&card.text, "total", 0);
    memory->used = text_number(&card.text, "reserved", 0) + card_allocated(&card);
    memory->free = beside(memory->total, memory->used);
    return NVML_SUCCESS;
}

/* The header says both that `used` has the reserved bytes in it and that it hasn't; nvidia-smi,
 * whose three figures add up to the total, shows that it hasn't. `v2_used_has_reserved` is the
 * other reading. */
nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory) {
    struct card card;
    BEGIN_ON(device, &card);
    if (memory->version != nvmlMemory_v2) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    unsigned long long allocated = card_allocated(&card);
    memory->total = text_number(&card.text, "total", 0);
    memory->reserved = text_number(&card.text, "reserved", 0);
    memory->free = beside(memory->total, memory->reserved + allocated);
    memory->used = allocated;
    if (text_number(&card.text, "v2_used_has_reserved", 0)) memory->used += memory->reserved;
    return NVML_SUCCESS;
}

static nvmlProcessInfo_t process_info(const struct card *card, const struct holder *holder) {
    nvmlProcessInfo_t info = {(unsigned int)holder->pid, holder->told, 0xffffffff, 0xffffffff};
    struct card slice;
    if (holder->slice == WHOLE_CARD || !card_open(&slice, card->index, holder->slice)) return info;
    info.gpuInstanceId = (unsigned int)text_number(&slice.text, "gpu_instance", 0);
    info.computeInstanceId = (unsigned int)text_number(&slice.text, "compute_instance", 0);
    return info;
}

/* One entry for each process, though it may have bytes in several files. */
static unsigned int gather(const struct card *card, const char *kind, nvmlProcessInfo_t *found) {
    struct holder holders[MAX_HOLDERS];
    size_t holding = card_holders(card, holders);
    unsigned int count = 0;
    for (size_t i = 0; i < holding; i++) {
        if (holders[i].pid == 0 || strcmp(holders[i].kind, kind) != 0) continue;
        nvmlProcessInfo_t info = process_info(card, &holders[i]);
        unsigned int same = 0;
        while (same < count && (found[same].pid != info.pid ||
                                found[same].gpuInstanceId != info.gpuInstanceId))
            same++;
        if (same == count)
            found[count++] = info;
        else if (found[same].usedGpuMemory != (unsigned long long)NVML_VALUE_NOT_AVAILABLE)
            found[same].usedGpuMemory += info.usedGpuMemory;
    }
    return count;
}

static nvmlReturn_t list(const struct card *card, const char *kind, unsigned int *room,
                         nvmlProcessInfo_t *infos) {
    nvmlProcessInfo_t found[MAX_HOLDERS];
    unsigned int count = gather(card, kind, found);
    bool fits = count <= *room && (infos != NULL || count == 0);
    if (fits && count > 0) memcpy(infos, found, count * sizeof *infos);
    *room = count;
    return fits ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE;
}

#define LIST(function, kind)                                                                    \
    nvmlReturn_t function(nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_t *infos) { \
        struct card card;                                                                       \
        BEGIN_ON(device, &card);                                                                \
        return list(&card, kind, count, infos);                                                 \
    }
LIST(nvmlDeviceGetComputeRunningProcesses_v2, "compute")
LIST(nvmlDeviceGetComputeRunningProcesses_v3, "compute")
LIST(nvmlDeviceGetGraphicsRunningProcesses_v2, "graphics")
LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, "graphics")
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v2, "mps")
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v3, "mps")
