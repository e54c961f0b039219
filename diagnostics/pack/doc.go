// Package pack reads support packs: what a desk adds to Balise in one YAML file, without a rebuild.
//
// A pack brings symptoms (what people say), self-tests from a closed set of probes, causes, repairs from a closed
// set of verbs, request forms, contacts and branding. It is data: there is no command, no script and no code in
// it, and its outcomes are expressions without side effects.
//
// Three stages, kept apart. Parse turns bytes into a File and knows where in the text every value stands. Lint
// judges a File against a Vocabulary (which probes and verbs there are, which self-tests and causes the core has)
// and lists all its problems, each with file, line, column, a code and what to do. Load looks for packs in the
// places that may hold some, decides whom to trust, and keeps what passed: a pack is taken whole or not at all.
package pack
