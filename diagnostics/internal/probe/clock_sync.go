package probe

// Sync is whether something keeps this computer's clock right.
type Sync struct {
	// Service says whether a time service is switched on; Able, whether there is one to switch on.
	Service, Able bool
	// Synced says that the kernel's clock is being kept right.
	Synced bool
	Source string // "timedate", "kernel", "registry"
}
