package client

// Credential is what the user signs in with. It lives in the OS keyring and in memory, never in a file, a
// log or a child's environment.
type Credential struct {
	Kind     string // "token" or "basic"
	Token    string
	User     string
	Password string
}

// String keeps a credential that is printed by mistake out of the log.
func (Credential) String() string { return "credential" }

// GoString does the same for %#v.
func (Credential) GoString() string { return "credential" }
