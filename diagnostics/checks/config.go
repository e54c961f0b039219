// Package checks is the explicit list of Balise's self-tests.
//
// Each area has its own package below; this one only puts the list together from the settings.
package checks

// Config is what the self-tests need from the settings. It crosses a pipe to the child process as
// JSON, so it holds values only.
type Config struct {
	// Portal is the URL of a page with a known answer (204 without a body), for captive portals.
	Portal string `json:"portal,omitempty"`
	// Egress are host:port targets, IP literals, that prove a way out without any name server.
	Egress []string `json:"egress,omitempty"`
	// Services are the organisation's services, one svc.reach.<name> check each.
	Services []Service `json:"services,omitempty"`
	// Time are URLs whose Date header, or host:123 addresses whose SNTP answer, give the time.
	Time []string `json:"time,omitempty"`
	// CAFile is an extra PEM bundle that TLS tests trust beside the system's.
	CAFile string `json:"ca_file,omitempty"`
	// Proxy is the desk proxy of the settings, tested by net.proxy beside the system's.
	Proxy string `json:"proxy,omitempty"`
	// Desk is the service desk's URL: net.tls and time.skew may use it, it is ours to talk to.
	Desk string `json:"desk,omitempty"`
}

// Service is one service of the organisation.
type Service struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}
