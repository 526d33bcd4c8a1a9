// Makes the calls of a client one after the other; prints for each a line of JSON that outcomes.py reads.

exports.make = async (calls) => {
  for (const [name, call] of Object.entries(calls)) {
    const outcome = { name };
    try {
      await call();
    } catch (error) {
      outcome.failure = String(error.message || error);
    }
    console.log(JSON.stringify(outcome));
  }
};
