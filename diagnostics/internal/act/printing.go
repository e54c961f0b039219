package act

// PrintDefault is a change of the user's default printer, with all that is needed to take it back.
type PrintDefault struct {
	// Queue is the new one, Before the old one where the system keeps a name and no file.
	Queue  string `json:"queue"`
	Before string `json:"before,omitempty"`
	// File is where a CUPS client reads the user's choice; Was and Now are its content before and after, Mode its
	// permissions. Missing says that it was not there, NoFolder that not even its folder was.
	File     string `json:"file,omitempty"`
	Was      []byte `json:"was,omitempty"`
	Now      []byte `json:"now,omitempty"`
	Mode     uint32 `json:"mode,omitempty"`
	Missing  bool   `json:"missing,omitempty"`
	NoFolder bool   `json:"no_folder,omitempty"`
}
