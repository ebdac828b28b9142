// Package awake owns that the machine does not fall asleep in the middle of a run, as a laptop does whose owner has gone home. It asks
// the system, where the system has somebody to ask; a lid that is closed and a battery that is empty win all the same. It imports no
// neighbour.
package awake

// Keep asks for it until let go. why is shown by the system beside the program's name. The request ends with the process, however
// that ends. ok is false where nobody could be asked.
func Keep(why string) (letGo func(), ok bool) { return keep(why) }
