// Package relay is relay protocol v1, both ends of it: Handler serves the protocol in front of a Store, and
// New is the client.Driver that speaks it. openapi.yaml is the document; a test keeps it true.
//
// The protocol is for desks whose own API has no credential that an end user may hold. Today the practice
// desk (package desk) serves it. A Store can as well be another product's driver with the desk's own key
// behind it: that is what a relay program will be.
package relay

import _ "embed"

// Document is openapi.yaml.
//
//go:embed openapi.yaml
var Document []byte

// The limits of the protocol. They are part of it, so that a client knows before it sends.
const (
	// MaxFileBytes is the size of one attachment: what a client downloads at most (see package client).
	MaxFileBytes = 64 << 20
	// MaxFiles is the number of attachments of one ticket or reply.
	MaxFiles = 50
	// MaxTextBytes is the size of a text that is taken in.
	MaxTextBytes = 6 << 20
	// MaxShownBytes is how much of a text a thread gives back; JSON at most doubles it, which keeps an answer
	// under 4 MiB.
	MaxShownBytes = 1 << 20
	// MaxSubject is the length of a subject in characters; a longer one is cut, never refused.
	MaxSubject = 300
)
