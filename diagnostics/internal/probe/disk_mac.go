package probe

// MacDrive reads the drive's own verdict from what `diskutil info -plist` prints. A virtual disk has none.
func MacDrive(list any) (DriveHealth, bool) {
	d, _ := list.(map[string]any)
	h := DriveHealth{Kind: "ata", WearPercent: -1}
	if bus, _ := d["BusProtocol"].(string); bus == "PCI-Express" || bus == "Apple Fabric" {
		h.Kind = "nvme"
	}
	switch state, _ := d["SMARTStatus"].(string); state {
	case "Verified":
		return h, true
	case "Failing":
		h.Failing = true
		return h, true
	}
	return h, false
}
