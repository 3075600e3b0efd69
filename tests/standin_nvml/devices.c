/* What a device is. */
#include "api.h"

#include <stdio.h>

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length) {
    struct card card;
    BEGIN_ON(device, &card);
    return copy_of(&card.text, "name", name, length);
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length) {
    struct card card;
    BEGIN_ON(device, &card);
    return copy_of(&card.text, "uuid", uuid, length);
}

nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int *index) {
    struct card card;
    BEGIN_ON(device, &card);
    *index = (unsigned int)(card.slice == WHOLE_CARD ? card.index : card.slice);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *info) {
    struct card card;
    BEGIN_ON_WHOLE(device, &card);
    struct pci pci = pci_of(&card);
    *info = (nvmlPciInfo_t){.domain = pci.domain, .bus = pci.bus, .device = pci.device};
    snprintf(info->busId, sizeof info->busId, "%08X:%02X:%02X.0", pci.domain, pci.bus & 0xff,
             pci.device & 0x1f);
    snprintf(info->busIdLegacy, sizeof info->busIdLegacy, "%04X:%02X:%02X.0", pci.domain & 0xffff,
             pci.bus & 0xff, pci.device & 0x1f);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned int *minor) {
    struct card card;
    BEGIN_ON_WHOLE(device, &card);
    *minor = (unsigned int)text_number(&card.text, "minor", (unsigned int)card.index);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor) {
    struct card card;
    BEGIN_ON(device, &card);
    char value[16];
    if (!text_get(&card.text, "capability", value, sizeof value)) return NVML_ERROR_NOT_SUPPORTED;
    if (sscanf(value, "%d.%d", major, minor) != 2) broken(card.text.path, "capability");
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetComputeMode(nvmlDevice_t device, nvmlComputeMode_t *mode) {
    struct card card;
    BEGIN_ON_WHOLE(device, &card);
    return number_of(&card, "compute_mode", mode);
}

nvmlReturn_t nvmlDeviceGetPersistenceMode(nvmlDevice_t device, nvmlEnableState_t *mode) {
    struct card card;
    BEGIN_ON_WHOLE(device, &card);
    return number_of(&card, "persistence", mode);
}

nvmlReturn_t nvmlDeviceGetVirtualizationMode(nvmlDevice_t device,
                                             nvmlGpuVirtualizationMode_t *mode) {
    struct card card;
    BEGIN_ON_WHOLE(device, &card);
    return number_of(&card, "virtualization", mode);
}

nvmlReturn_t nvmlDeviceGetNumaNodeId(nvmlDevice_t device, unsigned int *node) {
    struct card card;
    BEGIN_ON_WHOLE(device, &card);
    return number_of(&card, "numa", node);
}

nvmlReturn_t nvmlDeviceGetAddressingMode(nvmlDevice_t device, nvmlDeviceAddressingMode_t *mode) {
    struct card card;
    BEGIN_ON_WHOLE(device, &card);
    if (mode->version != nvmlDeviceAddressingMode_v1) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    return number_of(&card, "addressing", &mode->value);
}
