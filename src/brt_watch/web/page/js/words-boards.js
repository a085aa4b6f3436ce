// The words of the station board, the controller's board and the reports: [Portuguese, English].

export const BOARD_WORDS = {
  "nav.estacao": ["Estações", "Stations"],
};
