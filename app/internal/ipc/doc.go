// Package ipc is the agent's side of the socket: one listener per user, one method per path, one agent per
// state folder.
//
// Whoever reaches the socket can do everything that the user can, so it lies in a folder that only the user
// enters, and on Linux the kernel is asked who is at the other end of every connection.
package ipc
