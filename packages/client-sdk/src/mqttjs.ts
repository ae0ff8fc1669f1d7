// The link over mqtt.js by name, for pages that want it: connect(url, { link: mqttJsLink }). Node has it anyway.
export { openMqttJsLink as mqttJsLink } from "#mqttjs";
