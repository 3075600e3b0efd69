/* MIG slices. */
#include "api.h"

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current,
                                  unsigned int *pending) {
    struct card card;
    BEGIN_ON_WHOLE(device, &card);
    GO_ON_AFTER(number_of(&card, "mig", current));
    *pending = *current;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned int *count) {
    struct card card;
    BEGIN_ON_WHOLE(device, &card);
    *count = text_number(&card.text, "mig", 0) ? MAX_SLICES : 0;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned int index,
                                                 nvmlDevice_t *slice) {
    struct card card, found;
    BEGIN_ON_WHOLE(device, &card);
    if (!text_number(&card.text, "mig", 0)) return NVML_ERROR_NOT_SUPPORTED;
    if (index >= MAX_SLICES) return NVML_ERROR_INVALID_ARGUMENT;
    if (!card_open(&found, card.index, (int)index)) return NVML_ERROR_NOT_FOUND;
    *slice = handle_of(card.index, (int)index);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned int *is_slice) {
    struct card card;
    BEGIN_ON(device, &card);
    *is_slice = card.slice != WHOLE_CARD;
    return NVML_SUCCESS;
}

static nvmlReturn_t on_slice(const struct card *card) {
    return card->slice == WHOLE_CARD ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t slice,
                                                          nvmlDevice_t *device) {
    struct card card;
    BEGIN_ON(slice, &card);
    GO_ON_AFTER(on_slice(&card));
    *device = handle_of(card.index, WHOLE_CARD);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned int *id) {
    struct card card;
    BEGIN_ON(device, &card);
    GO_ON_AFTER(on_slice(&card));
    return number_of(&card, "gpu_instance", id);
}

nvmlReturn_t nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned int *id) {
    struct card card;
    BEGIN_ON(device, &card);
    GO_ON_AFTER(on_slice(&card));
    return number_of(&card, "compute_instance", id);
}

nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes) {
    struct card card;
    BEGIN_ON(device, &card);
    GO_ON_AFTER(on_slice(&card));
    *attributes = (nvmlDeviceAttributes_t){
        .multiprocessorCount = 16,
        .gpuInstanceSliceCount = 1,
        .computeInstanceSliceCount = 1,
        .memorySizeMB = text_number(&card.text, "total", 0) >> 20,
    };
    return NVML_SUCCESS;
}
