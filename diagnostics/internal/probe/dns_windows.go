package probe

const onUnix = false
