// In a frame on another site the player says to nobody who is signed in here:
// no request of its scripts carries a cookie, nor takes one.
const ask = window.fetch.bind(window)
window.fetch = (what, how) => ask(what, { ...how, credentials: 'omit' })
