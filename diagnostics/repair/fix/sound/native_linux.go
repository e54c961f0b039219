package sound

// speaksNative says that volume and muting are the sound server's, which Balise can talk to.
const speaksNative = true
