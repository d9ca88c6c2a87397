import { integer, readArray, type Structure, structure, text, writeArray } from '../packing/field.ts';
import { dimension } from './dimensions.ts';

/** One message of a server, for people. */
export interface ServerMessage {
  /** Not the result of the request: successes carry negative ones too. */
  status: number;
  msg: string;
}

const serverMessage: Structure<ServerMessage> = structure<ServerMessage>('RErrMsg_PI', [
  integer('status'),
  text('msg', dimension.errorMessage),
]);

/** `RError_PI`: the error block behind a body. */
export const errorBlock: Structure<readonly ServerMessage[]> = {
  tag: 'RError_PI',
  write(writer, messages) {
    writer.beginStructure('RError_PI');
    writer.integer('count', messages.length);
    writeArray(writer, messages, (message) => serverMessage.write(writer, message));
    writer.endStructure('RError_PI');
  },
  read(reader) {
    reader.beginStructure('RError_PI');
    const count = reader.integer('count');
    const messages = readArray(reader, 'RErrMsg_PI', count, () => serverMessage.read(reader));
    reader.endStructure('RError_PI');
    return messages;
  },
};
