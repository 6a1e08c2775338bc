// What a component is for Streamlit, from a class whose objects show data in an element and can be closed.

// Streamlit calls this with each run of the page; what is in the element already must not flicker.
const mounted = (Made) => {
  const made = new WeakMap();
  return ({ data, parentElement, setTriggerValue, setStateValue }) => {
    if (!made.has(parentElement)) made.set(parentElement, new Made(parentElement));
    const one = made.get(parentElement);
    one.tell = setTriggerValue;
    one.tellState = setStateValue;
    one.show(data);
    return () => {
      one.close();
      made.delete(parentElement);
    };
  };
};

