// A player's first minute, for a consumer of any kind: `play(sdk, url)`.
const play = async (sdk, url) => {
  const account = {
    username: `player-${Math.random().toString(36).slice(2, 10)}`,
    password: "correct horse",
  };
  const game = await sdk.connect(url);
  const { result } = await game.user.register(account);
  const { userData } = await game.user.getSelfInfo();
  const refused = await game.user.login({ ...account, password: "wrong" }).catch((error) => error);
  await game.close();
  return JSON.stringify({
    sameUser: userData.UserID === result,
    refused: sdk.isMqplayError(refused) && refused.errorName,
  });
};
if (typeof module !== "undefined") module.exports = { play };
